import assert from "node:assert/strict";
import { test } from "node:test";
import type { FaultKind } from "../faults/fault.ts";
import type { Held } from "../faults/steps.ts";
import { leaseTtlMs } from "../waits.ts";
import { losses, loudWrites } from "./losses.ts";
import type { History, Struck, Write } from "./records.ts";

const write = (ackMs: number, node = "a"): Write => ({
  client: "direct-1",
  n: ackMs,
  node,
  timeline: 1,
  sentMs: ackMs - 5,
  ackMs,
});
const struck = (kind: FaultKind, held?: Held): Struck => ({
  fault: { kind, targets: ["a"], from: ["b", "c"], lastsMs: 12_000 },
  primary: "a",
  beganMs: 10_000,
  struckMs: 11_000,
  endedMs: 23_000,
  recoveryMs: 1_000,
  gapMs: 1_000,
  finding: null,
  ...(held ? { held } : {}),
});
const history = (writes: Write[], by: Struck, mode: "eventual" | "strict" = "eventual"): History => ({
  mode,
  writes,
  reads: [],
  struck: [by],
  finals: [],
  lastSent: {},
  total: 0,
});
const explains = (ackMs: number, by: Struck, node = "a") =>
  losses(history([write(ackMs, node)], by), new Set()).explained.length === 1;

test("a cut explains losses until the lease of the primary has ended, and none after that", () => {
  for (const kind of ["isolate", "one-way", "minority", "majority", "pair"] as const) {
    assert.ok(explains(9_000, struck(kind)) && explains(11_000 + leaseTtlMs, struck(kind)), kind);
    assert.equal(explains(11_001 + leaseTtlMs, struck(kind)), false, kind);
    assert.equal(explains(23_001, struck(kind)), false, kind);
  }
  assert.ok(explains(24_000, struck("slow")), "a slow network may let standbys fall behind for as long as it lasts");
});

const held: Held = {
  leaderships: [],
  tails: [{ node: "b", fromMs: 14_000, toMs: 16_000 }],
  quiet: [{ fromMs: 17_000, toMs: 20_000 }],
};

test("nodes that were held down explain what only one of them had, and nothing else", () => {
  const fault = struck("hold-down", held);
  assert.ok(explains(15_000, fault, "b"));
  assert.equal(explains(15_000, fault, "a"), false);
  assert.equal(explains(13_999, fault, "b"), false);
  assert.equal(explains(16_001, fault, "b"), false);
  assert.equal(losses(history([write(15_000, "b")], fault, "strict"), new Set()).findings.length, 1);
});

test("a write that was sent and acknowledged while too few nodes were up is found", () => {
  const found = (ackMs: number) => loudWrites(history([write(ackMs)], struck("hold-down", held)));
  assert.match(found(18_000)[0]!, /fault 1: a acknowledged 1 writes up to 1000 ms after/);
  assert.deepEqual([...found(17_004), ...found(20_001), ...loudWrites(history([write(18_000)], struck("kill")))], []);
});
