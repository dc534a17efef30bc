// Tests of the point from which WAL is received: the history has no gap over a failover, or what is missing is named.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { decideWal } from "./wal.ts";
import type { WalView } from "./wal-view.ts";
import { formatLsn } from "../../../core/postgres/lsn.ts";
import { parseWalName, walName } from "../../../core/postgres/wal-name.ts";

const segmentBytes = 16 * 1024 * 1024;
const wal = (name: string) => {
  const file = parseWalName(name, segmentBytes);
  assert.ok(file, name);
  return file;
};
const name = (timeline: number, segment: number) => walName(timeline, BigInt(segment), segmentBytes);
const files = (timeline: number, from: number, to: number) =>
  Array.from({ length: Math.max(0, to - from + 1) }, (_, i) => wal(name(timeline, from + i)));

/** A primary on timeline 2 that left timeline 1 within segment 7 and writes segment 9. */
const promoted: WalView["primary"] = {
  host: "pgslave1",
  leased: true,
  timeline: 2,
  history: [{ timeline: 1, endLsn: "0/7030E18" }],
  lsn: "0/9000100",
  files: [...files(1, 3, 7), ...files(2, 7, 9)],
};
const view = (received: string[], change: Partial<WalView> = {}): WalView => ({
  received: received.map(wal),
  archived: [],
  segmentBytes,
  primary: promoted,
  ...change,
});

test("a fresh barman begins at the slot", () => {
  assert.equal(decideWal(view([])).do, "stream");
});

test("receiving continues over a failover from a partial file of the segment in which the timeline was left", () => {
  assert.equal(decideWal(view([`${name(1, 7)}.partial`])).do, "stream");
});

test("a receiver that is behind the failover continues where it was", () => {
  assert.equal(decideWal(view([name(1, 4), `${name(1, 5)}.partial`])).do, "stream");
});

test("WAL of the old primary beyond the failover is set aside, and the segment of the fork is received again", () => {
  const plan = decideWal(view([name(1, 7), `${name(1, 8)}.partial`]));
  assert.ok(plan.do === "align");
  assert.deepEqual(plan.aside, [`${name(1, 8)}.partial`, name(1, 7)]);
  assert.equal(plan.marker, `${name(1, 7)}.partial`);
});

test("a timeline that was left exactly between two segments is followed by the first segment of the next", () => {
  const primary = {
    ...promoted,
    history: [{ timeline: 1, endLsn: "0/8000000" }],
    files: [...files(1, 3, 7), ...files(2, 8, 9)],
  };
  for (
    const [received, aside] of [
      [[name(1, 7)], []],
      [[name(1, 7), `${name(1, 8)}.partial`], [`${name(1, 8)}.partial`]],
      [[`${name(1, 8)}.partial`], [`${name(1, 8)}.partial`]],
    ] as const
  ) {
    const plan = decideWal(view([...received], { primary }));
    assert.ok(plan.do === "align", received.join());
    assert.deepEqual(plan.aside, aside);
    assert.equal(plan.marker, `${name(2, 8)}.partial`);
  }
  assert.equal(decideWal(view([`${name(1, 7)}.partial`], { primary })).do, "stream");
  const archived = decideWal(view([], { archived: [wal(name(1, 7))], primary }));
  assert.ok(archived.do === "align");
  assert.equal(archived.marker, `${name(2, 8)}.partial`);
});

test("with an empty streaming directory receiving continues after the archive", () => {
  const plan = decideWal(view([], { archived: [wal(name(1, 5))] }));
  assert.ok(plan.do === "align");
  assert.equal(plan.marker, `${name(1, 6)}.partial`);
});

test("WAL that the new primary no longer has is a gap, named to the segment", () => {
  const plan = decideWal(view([`${name(1, 5)}.partial`], { primary: { ...promoted, files: files(2, 8, 9) } }));
  assert.ok(plan.do === "restart");
  assert.deepEqual(plan.missing, { from: name(1, 5), to: name(1, 7) });
  assert.equal(plan.marker, `${name(2, 8)}.partial`);
});

/** A primary on timeline 3, which left timeline 1 in segment 7: whatever timeline 2 was, it led nowhere. */
const third: WalView["primary"] = {
  ...promoted,
  host: "pgmaster",
  timeline: 3,
  files: [...files(1, 3, 7), ...files(3, 7, 9)],
};

test("without the lease of a majority a primary whose history does not hold what was received is refused", () => {
  const old = { ...promoted, host: "pgmaster", leased: false, timeline: 1, history: [], files: files(1, 3, 9) };
  for (const primary of [old, { ...third, leased: false }]) {
    assert.equal(decideWal(view([`${name(2, 8)}.partial`], { primary })).do, "refuse");
    assert.equal(decideWal(view([], { archived: [wal(name(2, 7))], primary })).do, "refuse");
  }
});

test("what was received of a leadership that nobody followed is set aside for the holder of the lease", () => {
  const archived = [wal(name(1, 6)), wal(name(2, 9))];
  const plan = decideWal(
    view([`${name(1, 7)}.partial`, name(2, 8), `${name(2, 9)}.partial`], { archived, primary: third }),
  );
  assert.ok(plan.do === "align");
  assert.deepEqual(plan.aside, [name(2, 8), `${name(2, 9)}.partial`]);
  assert.equal(plan.marker, `${name(1, 7)}.partial`);
  assert.equal(plan.abandoned, `${name(2, 9)}.partial`);
  const empty = decideWal(view([], { archived, primary: third }));
  assert.ok(empty.do === "align");
  assert.equal(empty.marker, `${name(1, 7)}.partial`);
  const lower = { ...third, timeline: 1, history: [], files: files(1, 3, 9) };
  const after = decideWal(view([`${name(2, 8)}.partial`], { archived, primary: lower }));
  assert.ok(after.do === "align");
  assert.equal(after.marker, `${name(1, 7)}.partial`);
});

test("where nothing that was received is common, receiving begins at the same place, or at the primary's end", () => {
  for (const [newest, marker] of [[name(2, 8), name(3, 8)], [name(2, 12), name(3, 9)]] as const) {
    const plan = decideWal(view([`${newest}.partial`], { primary: third }));
    assert.ok(plan.do === "align");
    assert.equal(plan.marker, `${marker}.partial`);
    assert.equal(plan.abandoned, `${newest}.partial`);
  }
});

test("archived WAL that was left with its timeline does not count once a later timeline has files", () => {
  const within = (segment: number) => formatLsn(BigInt(segment * segmentBytes + 100));
  const primary = (first: number) => ({
    ...promoted,
    timeline: 8,
    history: [{ timeline: 1, endLsn: within(95) }, { timeline: 6, endLsn: within(97) }],
    lsn: within(98),
    files: files(8, first, 98),
  });
  const archived = (...newest: [number, number][]) => newest.map(([timeline, segment]) => wal(name(timeline, segment)));
  const lost = `${name(7, 97)}.partial`;
  for (const left of [94, 98]) {
    const plan = decideWal(view([lost], { archived: archived([1, left], [6, 96]), primary: primary(97) }));
    assert.ok(plan.do === "align", `timeline 1 up to ${left}: ${plan.do}`);
    assert.deepEqual([plan.marker, plan.aside], [`${name(6, 97)}.partial`, [lost]]);
  }
  const empty = decideWal(view([], { archived: archived([1, 98], [6, 96]), primary: primary(97) }));
  assert.ok(empty.do === "align", empty.do);
  assert.deepEqual([empty.marker, empty.abandoned], [`${name(6, 97)}.partial`, null]);
  for (const common of [[], archived([6, 95])]) {
    const received = [`${name(6, 96)}.partial`, lost];
    const plan = decideWal(view(received, { archived: [...archived([1, 98]), ...common], primary: primary(96) }));
    assert.ok(plan.do === "align", plan.do);
    assert.deepEqual([plan.marker, plan.aside], [`${name(6, 96)}.partial`, [lost]]);
  }
  const only = decideWal(view([], { archived: archived([1, 98]), primary: primary(95) }));
  assert.ok(only.do === "align", "with files of no later timeline, the segment of the fork is received again");
  assert.equal(only.marker, `${name(1, 95)}.partial`);
});

test("a primary that has not written all that was received of its timeline is refused", () => {
  assert.equal(decideWal(view([`${name(2, 12)}.partial`])).do, "refuse");
  assert.equal(decideWal(view([name(2, 9)])).do, "refuse", "it is within that segment, of which barman has the end");
  assert.equal(decideWal(view([], { archived: [wal(name(2, 9))] })).do, "refuse");
  assert.equal(decideWal(view([`${name(2, 10)}.partial`])).do, "refuse", "it has not begun what barman has begun");
  assert.equal(decideWal(view([`${name(2, 9)}.partial`])).do, "stream");
});

test("the next segment, which an idle primary has not begun yet, is not a gap", () => {
  const primary = { ...promoted, lsn: "0/A000000" };
  assert.equal(decideWal(view([name(2, 9)], { primary })).do, "stream");
  const plan = decideWal(view([], { archived: [wal(name(2, 9))], primary }));
  assert.ok(plan.do === "align", plan.do);
  assert.equal(plan.marker, `${name(2, 10)}.partial`);
  assert.equal(decideWal(view([`${name(2, 10)}.partial`], { primary })).do, "stream", "the marker of that plan");
});

test("no plan leaves a newest file beyond its marker, and every gap ends where the marker begins", () => {
  const segment = fc.integer({ min: 1, max: 12 });
  const arbitrary = fc.record({
    timeline: fc.constantFrom(1, 2, 4),
    newest: segment,
    partial: fc.boolean(),
    kept: segment,
  });
  fc.assert(fc.property(arbitrary, (a) => {
    const received = [name(a.timeline, a.newest) + (a.partial ? ".partial" : "")];
    const primary = { ...promoted, files: [...files(1, a.kept, 7), ...files(2, Math.max(a.kept, 7), 9)] };
    const plan = decideWal(view(received, { primary }));
    if (plan.do === "stream" || plan.do === "refuse") return true;
    const marker = wal(plan.marker);
    const left = received.filter((n) => !plan.aside.includes(n)).map(wal);
    if (left.some((f) => f.segment > marker.segment)) return false;
    return plan.do === "align" || wal(plan.missing.to).segment + 1n === marker.segment;
  }));
});
