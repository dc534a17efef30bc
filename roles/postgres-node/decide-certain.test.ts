import assert from "node:assert/strict";
import { test } from "node:test";
import { initialState } from "./agent-state.ts";
import type { OwnCluster } from "./cluster-view.ts";
import { positionCertain, withFoundWal } from "./decide-certain.ts";
import type { ServerState } from "./queries.ts";

const standby: ServerState = {
  standby: true,
  system_identifier: "1",
  timeline: 2,
  lsn: "0/3000000",
  replay_lsn: "0/3000000",
  upstream_host: "a",
  upstream_port: 5432,
  receiver: "streaming",
  latest_end_lsn: null,
  lag_seconds: 0,
  primary_conninfo: "",
  sync_names: "",
};
const data = (changes: Partial<OwnCluster> = {}): OwnCluster => ({
  kind: "cluster",
  systemIdentifier: "1",
  position: { timeline: 2, lsn: "0/5000000" },
  endRead: true,
  origin: null,
  wasPrimary: false,
  lastUpstream: null,
  ...changes,
});
const server = (changes: Partial<ServerState> = {}) => ({
  state: { ...standby, ...changes },
  downstream: [],
  registered: null,
  atMs: 0,
});

test("a standby that still replays what it had received tells the end of that", () => {
  const known = { data: data(), server: null };
  assert.equal(withFoundWal(standby, known).lsn, "0/5000000");
  assert.equal(withFoundWal({ ...standby, lsn: null }, known).lsn, "0/5000000");
  assert.equal(withFoundWal({ ...standby, lsn: "0/6000000" }, known).lsn, "0/6000000", "it has received more since");
  assert.equal(withFoundWal({ ...standby, timeline: 3 }, known).lsn, "0/3000000", "that was another timeline");
  assert.equal(withFoundWal({ ...standby, standby: false }, known).lsn, "0/3000000", "a primary knows");
});

test("a standby keeps the timeline that it has been on, though PostgreSQL shows that of a restart point", () => {
  const known = { data: data({ position: { timeline: 3, lsn: "0/4000000" } }), server: null };
  assert.deepEqual({ ...withFoundWal(standby, known) }, { ...standby, timeline: 3, lsn: "0/4000000" });
  assert.equal(withFoundWal(standby, { data: null, server: server({ timeline: 4 }) }).timeline, 4);
});

test("a node at rest is certain of what was found, until a server has run or its data is being replaced", () => {
  const rest = { ...initialState(0), data: data() };
  assert.equal(positionCertain(rest, false), true);
  assert.equal(positionCertain({ ...rest, ranSince: true }, false), false);
  assert.equal(positionCertain({ ...rest, data: data({ endRead: false }) }, false), false);
  assert.equal(positionCertain({ ...rest, phase: "rewinding" }, false), false);
  assert.equal(positionCertain({ ...rest, phase: "cloning" }, false), false);
  assert.equal(positionCertain({ ...rest, data: null }, false), false);
});

test("a node whose server did not answer just now is not certain: it may have received more", () => {
  const running = { ...initialState(0), data: data(), ranSince: true, postmasterRuns: true, server: server() };
  assert.equal(positionCertain(running, true), true);
  assert.equal(positionCertain(running, false), false);
  assert.equal(positionCertain({ ...running, server: null }, true), false);
  const blind = { ...running, data: data({ endRead: false }), server: server({ receiver: null }) };
  assert.equal(positionCertain(blind, true), false, "it may still replay WAL whose end was not found");
  assert.equal(positionCertain({ ...blind, server: server() }, true), true, "it streams: all of that is replayed");
  assert.equal(positionCertain({ ...blind, server: server({ standby: false }) }, true), true);
});
