// How far the receiver is behind: measured where it can be, never zero for what is not known.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { formatLsn } from "../../../core/postgres/lsn.ts";
import { type LagPoints, measureLag, type ReceiverLag } from "./receiver-lag.ts";

/** Looks every 10 s: the end of the primary's WAL, what has been received, PostgreSQL's own measure. */
function lags(looks: readonly (readonly [end: number, received: number, flushLagMs?: number])[]): ReceiverLag[] {
  let points: LagPoints = [];
  return looks.map(([end, received, flushLagMs = null], i) => {
    const lsn = (bytes: number) => formatLsn(BigInt(bytes));
    const seen = { atMs: i * 10_000, endLsn: lsn(end), receivedLsn: lsn(received), flushLagMs };
    const result = measureLag(points, seen);
    points = result.points;
    return result.lag;
  });
}
const seconds = (looks: Parameters<typeof lags>[0]) => lags(looks).map((lag) => lag.seconds);

test("a receiver that has everything is not behind, also if the primary has less WAL than the last one", () => {
  assert.deepEqual(lags([[100, 100]])[0], { atMs: 0, bytes: 0, seconds: 0 });
  assert.deepEqual(lags([[100, 100], [90, 95]])[1], { atMs: 10_000, bytes: 0, seconds: 0 });
});

test("a receiver that stands still is behind since the last moment at which it had everything", () => {
  assert.deepEqual(seconds([[100, 100], [200, 100], [300, 100], [300, 100]]), [0, 10, 20, 30]);
  assert.equal(lags([[100, 100], [300, 100]])[1]!.bytes, 200);
});

test("of an idle primary the time counts from its last look, not from its last change", () => {
  assert.deepEqual(seconds([[100, 100], [100, 100], [100, 100], [200, 100]]), [0, 0, 0, 10]);
});

test("a receiver that keeps up is measured by PostgreSQL itself, and that measure is not believed of one that hangs", () => {
  assert.deepEqual(seconds([[100, 90, 5], [200, 190, 5], [300, 290, 5], [400, 290, 5], [500, 290, 5]]).slice(1), [
    0.005,
    0.005,
    20,
    30,
  ]);
});

test("a new primary that has less WAL than the lost one had does not look as if the receiver had kept up", () => {
  assert.deepEqual(seconds([[100, 100], [200, 120], [150, 120, 1], [160, 150, 1], [170, 165, 1]]), [
    0,
    10,
    20,
    0.001,
    0.001,
  ]);
});

test("how long it has been behind is not known before the first look, but by how many bytes is", () => {
  const [first, second] = lags([[500, 100], [600, 200]]);
  assert.deepEqual([first!.bytes, first!.seconds], [400, null]);
  assert.deepEqual([second!.bytes, second!.seconds], [400, null]);
});

test("the points stay few, however long the receiver is away, and the lag stays right to a look", () => {
  let points: LagPoints = [];
  for (let i = 0; i < 5_000; i++) {
    points = measureLag(points, { atMs: i, endLsn: formatLsn(BigInt(i)), receivedLsn: "0/0", flushLagMs: null }).points;
    assert.ok(points.length <= 401);
  }
  const end = { atMs: 5_000, endLsn: formatLsn(5_000n), flushLagMs: null };
  assert.equal(measureLag(points, { ...end, receivedLsn: "0/0" }).lag.seconds, 5);
});

test("the lag is never negative", () => {
  const look = fc.tuple(fc.nat(1000), fc.nat(1000), fc.nat(60_000));
  fc.assert(fc.property(fc.array(look), (looks) => {
    for (const { bytes, seconds } of lags(looks)) assert.ok(bytes! >= 0 && (seconds === null || seconds >= 0));
  }));
});
