// What Patroni's dashboards and alerts see of a node of ours.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { NodeStatus } from "../../../core/protocol/status.ts";
import { patroniFamilies } from "./patroni-metrics.ts";

function shown(postgres: Partial<NodeStatus["postgres"]>, lease: Partial<NodeStatus["lease"]> = {}) {
  const status = {
    cluster: "pg_cluster",
    node: { name: "node1" },
    paused: { on: false },
    lease: { mode: "on", held: false, grantedTo: "node2", ...lease },
    postgres: {
      running: true,
      role: "standby",
      lsn: "0/20",
      replayLsn: "0/10",
      timeline: 3,
      replayPaused: false,
      upstream: { streaming: true },
      ...postgres,
    },
  } as unknown as NodeStatus;
  const families = patroniFamilies(status);
  for (const { samples } of families) {
    for (const { labels } of samples) assert.deepEqual(labels, { scope: "pg_cluster", name: "node1" });
  }
  return Object.fromEntries(
    families.flatMap(({ name, samples }) => samples.map((s) => [name.replace("patroni_", ""), s.value])),
  );
}

test("a standby has its positions, and 0 for what only a primary has", () => {
  assert.deepEqual(shown({}), {
    postgres_running: 1,
    primary: 0,
    replica: 1,
    xlog_location: 0,
    xlog_received_location: 32,
    xlog_replayed_location: 16,
    xlog_paused: 0,
    postgres_streaming: 1,
    postgres_timeline: 3,
    cluster_unlocked: 0,
    is_paused: 0,
  });
});

test("a server that is read-write without the lease is not shown as a leader", () => {
  assert.equal(shown({ role: "primary" }).primary, 0);
  assert.equal(shown({ role: "primary" }, { held: true }).primary, 1);
  assert.equal(shown({ role: "primary" }, { mode: "off" }).primary, 1);
  assert.equal(shown({ role: "primary" }, { held: true }).xlog_location, 32);
});

test("what could not be seen is absent", () => {
  const blind = shown({ role: "unknown", running: null, lsn: null, replayLsn: null, timeline: null }, {
    grantedTo: null,
  });
  assert.deepEqual(blind, { cluster_unlocked: 1, is_paused: 0 });
});
