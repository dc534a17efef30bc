import assert from "node:assert/strict";
import { test } from "node:test";
import { check, twoPrimaries } from "./check.ts";
import type { History, Struck, Write } from "./records.ts";

const write = (n: number, node: string, timeline: number, sentMs: number, ackMs = sentMs + 5): Write => ({
  client: "direct-1",
  n,
  node,
  timeline,
  sentMs,
  ackMs,
});
const many = Array.from({ length: 30 }, (_, i) => write(i + 1, "a", 1, i * 10));
const rows = (writes: readonly Write[]) => new Set(writes.map((w) => `${w.client}/${w.n}`));
const struck = (kind: "kill" | "stop"): Struck => ({
  fault: { kind, targets: ["a"], from: [], lastsMs: 1_000 },
  primary: "a",
  beganMs: 250,
  struckMs: 250,
  endedMs: 1_250,
  recoveryMs: 5_000,
  gapMs: 4_000,
  finding: null,
});
const good: History = {
  mode: "eventual",
  writes: many,
  reads: [{ client: "reader", node: "b", sentMs: 1, sum: 1000, required: 9, seen: 8 }],
  struck: [struck("kill")],
  finals: ["a", "b"].map((node) => ({ node, sum: 1000, torn: [], rows: rows(many) })),
  lastSent: { "direct-1": 30 },
  total: 1000,
};

test("a run in which nothing is wrong passes", () => {
  assert.deepEqual(check(good), { findings: [], undecided: [], explained: [] });
});

test("a primary that takes a write after a newer one did is found", () => {
  const handover = [write(1, "a", 1, 0), write(2, "b", 2, 100)];
  assert.deepEqual(twoPrimaries(handover), { findings: [], undecided: [] });
  assert.match(twoPrimaries([...handover, write(3, "a", 1, 106)]).findings[0]!, /sent to a \(timeline 1\)/);
  assert.deepEqual(twoPrimaries([...handover, write(3, "a", 1, 104, 120)]).findings, []);
  assert.equal(twoPrimaries([...handover, write(3, "a", 1, 104, 120)]).undecided.length, 1);
});

test("two nodes on one timeline are found, one node on two is not", () => {
  assert.match(twoPrimaries([write(1, "a", 3, 0), write(2, "b", 3, 100)]).findings[0]!, /timeline 3 .* a and b/);
  assert.deepEqual(twoPrimaries([write(1, "a", 3, 0), write(2, "a", 4, 100)]).findings, []);
});

test("only a kill of the primary at that time explains a loss, and nothing does in strict mode", () => {
  const without = (n: number, change: Partial<History> = {}) => {
    const left = many.filter((w) => w.n !== n);
    return check({ ...good, finals: [{ node: "a", sum: 1000, torn: [], rows: rows(left) }], ...change });
  };
  assert.deepEqual(without(26).explained, [{ fault: 0, writes: 1 }]);
  assert.deepEqual(without(26).findings, []);
  assert.match(without(26, { mode: "strict", reads: [] }).findings[0]!, /1 acknowledged writes are gone/);
  assert.equal(without(26, { struck: [struck("stop")] }).findings.length, 1);
  assert.equal(without(26, { struck: [{ ...struck("kill"), beganMs: 9_000, endedMs: 9_500 }] }).findings.length, 1);
  assert.equal(without(26, { struck: [{ ...struck("kill"), primary: "b" }] }).findings.length, 1);
});

test("the fault during which a write was acknowledged explains its loss, also as the second of two", () => {
  const left = many.filter((w) => w.n !== 26);
  const judged = (struck: Struck[]) => check({ ...good, finals: [{ ...good.finals[0]!, rows: rows(left) }], struck });
  const before = { ...struck("kill"), beganMs: 100, endedMs: 200 };
  assert.deepEqual(judged([before, struck("kill")]).explained, [{ fault: 1, writes: 1 }]);
  const second = struck("kill").fault;
  const stopped = { kind: "stop" as const, targets: ["b"], from: [], lastsMs: 1_000 };
  assert.deepEqual(judged([{ ...struck("stop"), primary: "b", fault: { ...stopped, second } }]).explained.length, 1);
  assert.equal(judged([{ ...struck("stop"), primary: "b", fault: stopped }]).findings.length, 1);
});

test("a wrong sum, an unknown row and standbys that differ are found", () => {
  const findings = (change: Partial<History>) => check({ ...good, ...change }).findings;
  const reads = [0, 260, 1_300].map((sentMs) => ({ ...good.reads[0]!, sentMs, sum: sentMs === 0 ? 1000 : 999 }));
  assert.match(findings({ reads })[0]!, /2 reads saw a sum other than 1000, the first 999 on b, 10 ms into fault 1/);
  assert.match(findings({ reads: reads.slice(2) })[0]!, /50 ms after the end of fault 1/);
  assert.match(findings({ finals: [{ ...good.finals[0]!, sum: 990 }] })[0]!, /the sum on a is 990/);
  assert.match(
    findings({ finals: [{ ...good.finals[0]!, torn: ["transfer 0/7"] }] })[0]!,
    /half a transfer .* on a: transfer 0\/7/,
  );
  assert.match(findings({ lastSent: { "direct-1": 29 } })[0]!, /direct-1\/30 is there/);
  const fewer = { ...good.finals[1]!, rows: rows(many.slice(1)) };
  assert.match(findings({ finals: [good.finals[0]!, fewer] })[0]!, /b holds 29 rows/);
});

test("an old read is a finding in strict mode only", () => {
  assert.deepEqual(check({ ...good, mode: "eventual" }).findings, []);
  assert.match(check({ ...good, mode: "strict" }).findings[0]!, /saw write 8 though 9/);
});

test("what was not seen is undecided, never passed", () => {
  assert.match(check({ ...good, finals: [] }).undecided[0]!, /no node could be read/);
  assert.match(check({ ...good, reads: [] }).undecided[0]!, /no read/);
  const pooled = many.map((w) => ({ ...w, client: "pool-1" }));
  const blind = check({ ...good, writes: pooled, finals: [], lastSent: {} }).undecided;
  assert.ok(blind.some((text) => text.includes("two primaries would not have been seen")));
});
