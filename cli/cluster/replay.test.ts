import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock } from "../../tests/support/fake-clock.ts";
import { says } from "../../tests/support/fake-cluster.ts";
import type { NodeStatus } from "../../core/protocol/status.ts";
import type { Session } from "./gather.ts";
import { Replay, unreplayed } from "./replay.ts";

test("no password is stored or forgotten while a standby replays late, is paused or shows nothing, and it is named", () => {
  const waits = (nodes: Record<string, Partial<NodeStatus["postgres"]>>, lsn: string | null = "0/3000000") => {
    const seen = Object.entries(nodes).map(([host, changes]) => {
      const standby = { replayLsn: "0/3000000", replayPaused: false };
      return { host, status: { postgres: { ...standby, ...changes } as NodeStatus["postgres"] } };
    });
    return unreplayed(seen, { lsn, primary: "pg1", nodes: ["pg1", "pg2", "pg3"] })?.what ?? null;
  };
  const primary = { replayLsn: null };
  assert.equal(waits({ pg1: primary, pg2: {}, pg3: { replayLsn: "0/3000001" } }), null);
  assert.match(
    waits({ pg1: primary, pg2: { replayLsn: "0/2FFFFFF" }, pg3: {} })!,
    /^pg2 has not replayed what pg1 had a second ago;/,
  );
  assert.match(waits({ pg1: primary, pg2: { replayPaused: true }, pg3: {} })!, /^the replay of pg2 is paused;/);
  assert.match(waits({ pg1: primary, pg2: {}, pg3: { replayLsn: null } })!, /^pg3 replays nothing now;/);
  assert.match(waits({ pg1: primary, pg2: {} })!, /^pg3 replays nothing now;/);
  assert.notEqual(waits({ pg2: {}, pg3: {} }, null), null);
});

/** A primary that writes, and a standby; the next look sees what is given. */
function looks() {
  const ends = { pg1: "0/3000000", pg2: "0/3000000" };
  const said = (host: string) => {
    const { pg1: lsn, pg2: replayLsn } = ends;
    if (host === "pg2") return says(host, {}, { lsn, replayLsn });
    const status = says(host, {}, { standby: false, upstream: null, lsn });
    status.lease.held = true;
    return host === "pg1" ? status : null;
  };
  const of = (host: string) => said(host === "localhost" ? "pg1" : host);
  const answer = (host: string) =>
    Promise.resolve({ status: of(host) ? 200 : 503, headers: {}, body: JSON.stringify(of(host)) });
  const peers = { names: { learn: () => {} }, getText: () => Promise.resolve("{}"), getAnswer: answer };
  const client = { askNode: (host: string) => Promise.resolve({ host, seen: "reached", status: of(host) }) };
  const session = { context: { clock: new FakeClock() }, peers, client, named: [], askMs: 1 } as unknown as Session;
  return { ends, replay: new Replay(session, "pg1", ["pg1", "pg2"]) };
}

test("before a password is stored the standbys have to be no look behind, and afterwards to have replayed the change", async () => {
  const { ends, replay } = looks();
  assert.equal(await replay.waitsFor("use"), null);
  Object.assign(ends, { pg1: "0/3000900" });
  assert.equal(await replay.waitsFor("use"), null, "it has what the primary had at the last look");
  Object.assign(ends, { pg1: "0/4000000", pg2: "0/3000800" });
  assert.match((await replay.waitsFor("use"))!.what, /^pg2 has not replayed what pg1 had/);
  Object.assign(ends, { pg1: "0/5000000", pg2: "0/3000900" });
  assert.notEqual(await replay.waitsFor("use"), null, "it comes on, and stays behind");
  assert.notEqual(await replay.waitsFor("drop"), null);
  Object.assign(ends, { pg1: "0/6000000", pg2: "0/4FFFFFF" });
  assert.notEqual(await replay.waitsFor("drop"), null);
  Object.assign(ends, { pg1: "0/7000000", pg2: "0/5000000" });
  assert.equal(await replay.waitsFor("drop"), null, "it has what the primary had when all logged in with the new one");
});
