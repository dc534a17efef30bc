// Tests of the choice of the node that a base backup is copied from.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { formatLsn } from "../../../core/postgres/lsn.ts";
import {
  decideBackup,
  decideSource,
  mostLagBytes,
  type NodeSeen,
  type SourceView,
  type StandbyState,
  whyLost,
  whyNoStandby,
  whyPrimary,
} from "./backup-source.ts";

const megabyte = 1024 * 1024;
const segmentBytes = 16 * megabyte;
const primary: SourceView["primary"] = {
  host: "p",
  timeline: 2,
  forkLsn: "0/50000A0",
  lsn: "1/0",
  systemIdentifier: "42",
  summaries: { on: true, ranges: [{ start: "0/40000000", end: "1/0" }] },
};
const healthy: StandbyState = {
  inRecovery: true,
  systemIdentifier: "42",
  streaming: true,
  timeline: 2,
  forkLsn: "0/50000A0",
  replayLsn: "1/0",
  paused: false,
  checkpoint: { timeline: 2, lsn: "0/60000028" },
  feeds: 0,
  summaries: { on: true, ranges: [{ start: "0/40000000", end: "0/60000028" }] },
};
const standby = (host: string, changes: Partial<StandbyState> = {}): NodeSeen => ({
  host,
  seen: "reached",
  state: { ...healthy, ...changes },
});
const behind = (bytes: number) => ({ replayLsn: formatLsn(0x1_0000_0000n - BigInt(bytes)) });
const view = (...nodes: NodeSeen[]): SourceView => ({ primary, nodes, walSince: 6n, segmentBytes, settled: null });
const chosen = (...nodes: NodeSeen[]) => decideSource(view(...nodes)).host;

test("a standby that streams is taken, and the reason says how far it is behind", () => {
  const source = decideSource(view(standby("a", behind(3 * megabyte))));
  assert.deepEqual([source.host, source.role], ["a", "standby"]);
  assert.match(source.because, /^it streams timeline 2, is 3\.0 MB behind, and spares the primary p$/);
});

test("of several, one that feeds no other is taken, then the one that is least behind, then the first by name", () => {
  assert.equal(chosen(standby("a", { feeds: 1 }), standby("b", behind(megabyte))), "b");
  assert.equal(chosen(standby("a", behind(megabyte)), standby("b")), "b");
  assert.equal(chosen(standby("b"), standby("a")), "a");
});

const unfit: [string, NodeSeen, RegExp][] = [
  ["one that does not answer", { host: "a", seen: "unreachable", error: "timed out" }, /a does not answer: timed out/],
  ["one that does not stream", standby("a", { streaming: false, timeline: null }), /a does not stream/],
  ["one that lags", standby("a", behind(mostLagBytes + 1)), /a is 256\.0 MB behind/],
  ["one with paused replay", standby("a", { paused: true }), /a has its replay paused/],
  ["one that has replayed nothing", standby("a", { replayLsn: null }), /a has replayed nothing/],
  ["another primary", standby("a", { inRecovery: false, timeline: null }), /a is not a standby/],
  ["one of another cluster", standby("a", { systemIdentifier: "43" }), /a belongs to another cluster/],
  ["one on an older timeline", standby("a", { timeline: 1 }), /a streams timeline 1, and the primary is on 2/],
  ["one on a namesake timeline", standby("a", { forkLsn: "0/5000028" }), /a streams another timeline 2/],
  [
    "one whose last checkpoint is on the timeline before",
    standby("a", { checkpoint: { timeline: 1, lsn: "0/60000028" } }),
    /a has made no checkpoint on timeline 2 yet/,
  ],
  [
    "one whose last checkpoint is older than barman's WAL",
    standby("a", { checkpoint: { timeline: 2, lsn: "0/5FFFFFF" } }),
    /a has made no checkpoint since barman has all WAL: its last one is at 0\/5FFFFFF/,
  ],
];
for (const [name, node, because] of unfit) {
  test(`the primary is taken instead of ${name}`, () => {
    const source = decideSource(view(node));
    assert.deepEqual([source.host, source.role], ["p", "primary"]);
    assert.match(source.because, because);
    assert.equal(chosen(node, standby("b")), "b", "another standby still fits");
  });
}

test("without standbys, and where barman has no WAL, the primary is taken", () => {
  assert.match(decideSource(view()).because, /no other node/);
  assert.equal(decideSource(view(standby("p"))).role, "primary", "the primary itself is not a standby");
  assert.equal(decideSource({ ...view(standby("a")), walSince: null }).role, "primary");
});

test("BACKUP_FROM and a failed attempt settle it before any standby is asked", () => {
  assert.match(whyPrimary("primary", null, true) ?? "", /BACKUP_FROM is primary/);
  assert.equal(whyPrimary("prefer-standby", "the backup from a failed: x", true), "the backup from a failed: x");
  assert.equal(whyPrimary("prefer-standby", null, true), null);
  assert.match(whyPrimary("prefer-standby", null, false) ?? "", /looks for its slot where it copies from/);
  assert.match(whyNoStandby(["fast"]) ?? "", /has tablespaces \(fast\)/);
  assert.equal(whyNoStandby([]), null);
});

const parent = { id: "1", beginLsn: "0/50000028", endLsn: "0/58000000" };
const incremental = { kind: "incremental" as const, because: "it builds on backup 1", parent };

test("an incremental backup is copied from a standby that can give it, else from the primary, else a full one is taken", () => {
  const taken = (among: SourceView) => {
    const { source, kind } = decideBackup(among, incremental);
    return [source.host, kind.kind];
  };
  const off = { on: false, ranges: [] };
  const early = standby("a", { checkpoint: { timeline: 2, lsn: "0/57FFFFFF" } });
  assert.deepEqual(taken(view(standby("a"))), ["a", "incremental"]);
  assert.deepEqual(taken(view(early)), ["p", "incremental"], "nothing was replayed since the parent");
  assert.deepEqual(taken(view(standby("a", { summaries: off }), standby("b"))), ["b", "incremental"]);
  assert.deepEqual(taken(view(standby("a", { summaries: off }))), ["p", "incremental"]);
  const neither = { ...view(standby("a", { summaries: off })), primary: { ...primary, summaries: off } };
  assert.deepEqual(taken(neither), ["a", "full"]);
  const full = decideBackup(neither, incremental).kind;
  assert.ok(full.kind === "full");
  assert.deepEqual([full.because, full.fix], [
    "p has summarize_wal off",
    "add summarize_wal:on to CONFIGS of every node",
  ]);
  assert.deepEqual(taken({ ...view(standby("a")), settled: "BACKUP_FROM is primary" }), ["p", "incremental"]);
});

test("a standby under copy is lost when it is promoted or changes its timeline, not when it reconnects", () => {
  assert.equal(whyLost(healthy, primary), null);
  assert.equal(whyLost({ ...healthy, streaming: false, timeline: null }, primary), null);
  assert.match(whyLost({ ...healthy, inRecovery: false, timeline: null }, primary) ?? "", /is not a standby/);
  assert.match(whyLost({ ...healthy, timeline: 3 }, primary) ?? "", /streams timeline 3/);
});

const anyLsn = fc.bigInt({ min: 1n, max: 0x2_0000_0000n }).map(formatLsn);
const anyState: fc.Arbitrary<StandbyState> = fc.record({
  inRecovery: fc.boolean(),
  systemIdentifier: fc.constantFrom("42", "43"),
  streaming: fc.boolean(),
  timeline: fc.constantFrom(1, 2, 3, null),
  forkLsn: fc.constantFrom("0/50000A0", "0/5000028", null),
  replayLsn: fc.option(anyLsn),
  paused: fc.boolean(),
  checkpoint: fc.record({ timeline: fc.constantFrom(1, 2), lsn: anyLsn }),
  feeds: fc.nat(3),
  summaries: fc.constant({ on: false, ranges: [] }),
});
const anyNode: fc.Arbitrary<NodeSeen> = fc.oneof(
  fc.record({ host: fc.constantFrom("a", "b", "c", "p"), seen: fc.constant("reached" as const), state: anyState }),
  fc.record({ host: fc.constantFrom("a", "b"), seen: fc.constant("unreachable" as const), error: fc.string() }),
);

test("whatever is seen, a standby that is chosen can be recovered on the primary's timeline from WAL that barman has", () => {
  fc.assert(fc.property(fc.array(anyNode, { maxLength: 5 }), fc.bigInt({ min: 0n, max: 500n }), (nodes, walSince) => {
    const source = decideSource({ primary, nodes, walSince, segmentBytes, settled: null });
    assert.notEqual(source.because, "");
    if (source.role === "primary") return assert.equal(source.host, "p");
    assert.notEqual(source.host, "p");
    assert.ok(nodes.some((n) => {
      if (n.host !== source.host || n.seen !== "reached") return false;
      const { state } = n;
      return state.inRecovery && state.streaming && !state.paused && state.systemIdentifier === "42" &&
        state.timeline === 2 && state.forkLsn === primary.forkLsn && state.checkpoint.timeline === 2 &&
        state.replayLsn !== null;
    }));
  }));
});
