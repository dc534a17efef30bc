// How far a standby is behind: measured against the primary's position as known from anybody, and unknown where it is.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { formatLsn } from "../../../core/postgres/lsn.ts";
import { server } from "../../../tests/support/fake-cluster.ts";
import { lostPeer, standbyPeer } from "../../../tests/support/peer.ts";
import { cutOff, endOf, lagBytes, lagSeconds, type PrimaryEnd, whyNotReady } from "./lag.ts";
import type { ServerSeen } from "./server-seen.ts";

const upstream = (streaming: boolean) => ({ host: "pg2", port: 5432, streaming });
const standby = (changes: Partial<ServerSeen> = {}): ServerSeen => ({
  ...server({ standby: true, lsn: "0/3000000", replayLsn: "0/3000000", upstream: upstream(true), ...changes }),
  atMs: 10_000,
});
const end = (changes: Partial<PrimaryEnd> = {}): PrimaryEnd => ({
  timeline: 1,
  lsn: "0/3000100",
  atMs: 9_000,
  ...changes,
});

test("a standby that does not stream is behind by what the primary has written since", () => {
  assert.equal(lagBytes(standby({ upstream: upstream(false) }), end()), 256);
});

test("without a primary in sight, the lag of a standby that does not stream is not known; it is never 0", () => {
  assert.equal(lagBytes(standby({ upstream: upstream(false) }), null), null);
  assert.equal(
    lagBytes(standby({ upstream: upstream(false) }), end({ atMs: 4_000 })),
    null,
    "what is old says nothing",
  );
  assert.equal(lagBytes(standby(), null), 0, "the stream itself shows it");
  assert.equal(lagBytes(standby(), end({ timeline: 2 })), null, "positions of two timelines are not compared");
});

test("a standby whose replay is paused is behind by what it has received", () => {
  assert.equal(lagBytes(standby({ replayPaused: true, lsn: "0/3001000", announcedLsn: "0/3002000" }), null), 8192);
});

test("a primary has no lag", () => {
  assert.equal(lagBytes({ ...standby(), standby: false, replayLsn: null }, end()), null);
});

test("whatever is known, the lag is not less than any of it says", () => {
  const lsn = fc.integer({ min: 1, max: 1 << 20 });
  fc.assert(fc.property(lsn, lsn, lsn, lsn, fc.boolean(), (replay, has, announced, wrote, streams) => {
    const text = (n: number) => formatLsn(BigInt(n));
    const seen = standby({
      replayLsn: text(replay),
      lsn: text(has),
      announcedLsn: text(announced),
      upstream: upstream(streams),
    });
    return lagBytes(seen, end({ lsn: text(wrote) })) === Math.max(0, has - replay, announced - replay, wrote - replay);
  }));
});

test("in seconds it is the age of the last replayed commit, but not more than the time since nothing was left", () => {
  const idle = standby({ commitAgeSeconds: 3_600 });
  assert.equal(lagSeconds(idle, 256, 9_500), 0.5, "the first commit after a quiet hour");
  assert.equal(lagSeconds(idle, 256, null), 3_600);
  assert.equal(lagSeconds(idle, 0, null), 0);
  assert.equal(lagSeconds(idle, null, 9_500), null);
  assert.equal(lagSeconds(standby(), 256, null), null);
});

test("the primary's position is the newest that it or any other node reports on its timeline", () => {
  const primary = { host: "pg1", timeline: 1, systemIdentifier: "1" };
  const at = (host: string, id: number, lsn: string, timeline = 1) =>
    standbyPeer(host, id, { position: { timeline, lsn } });
  const peers = [at("pg1", 1, "0/3000000"), at("pg2", 2, "0/3000200"), at("pg3", 3, "0/9000000", 2), lostPeer("pg4")];
  assert.deepEqual(endOf(primary, peers, 7), { timeline: 1, lsn: "0/3000200", atMs: 7 });
  assert.equal(endOf({ ...primary, host: "pg4" }, peers, 7), null, "it does not answer, or is this node");
});

test("a standby is not ready while its replay is paused, or when it does not stream from a primary that is there", () => {
  const sound = { replayPaused: false, streaming: true, primaryInSight: true, notStreamingMs: 0, trouble: null };
  assert.equal(whyNotReady(sound), null);
  assert.match(
    whyNotReady({ ...sound, replayPaused: true, trouble: { because: "FATAL: low" } })!,
    /paused: FATAL: low/,
  );
  const cut = { ...sound, streaming: false, notStreamingMs: 10_000 };
  assert.match(whyNotReady(cut)!, /has not streamed for 10 s/);
  assert.equal(whyNotReady({ ...cut, notStreamingMs: 9_999 }), null, "a failover takes a moment");
  assert.equal(whyNotReady({ ...cut, primaryInSight: false }), null, "it has what there is to read");
});

test("cutOff() is how long a standby had not streamed when its primary was last in sight, and what it lacks of it", () => {
  const own = { timeline: 1, lsn: "0/3000000" };
  const cut = (last: PrimaryEnd | null, lastStreamMs: number | null, allowedMs = 5_000) =>
    cutOff(own, { end: last, lastStreamMs, allowedMs });
  assert.deepEqual(cut(end(), 2_000), { ms: 7_000, bytes: 256, allowedMs: 5_000 });
  assert.equal(cut(end({ lsn: "0/3000000" }), 2_000), null, "it has everything");
  assert.equal(cut(end(), 4_000), null, "so much is allowed");
  assert.equal(cut(end(), 2_000, 0), null, "0: data of any age");
  assert.equal(cut(end({ timeline: 2, lsn: "0/1" }), 2_000)?.bytes, null);
  assert.equal(cut(end({ timeline: 0 }), 2_000), null, "a primary that is overtaken says nothing");
  assert.deepEqual([cut(null, 2_000), cut(end(), null)], [null, null]);
});
