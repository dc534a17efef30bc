// The metrics of a node: the names, types and labels that dashboards know, and nothing for what could not be seen.
import assert from "node:assert/strict";
import { test } from "node:test";
import { familiesText } from "../../../core/words/family.ts";
import { Metrics } from "../../../core/http/metrics.ts";
import type { NodeStatus } from "../../../core/protocol/status.ts";
import { seriesOf } from "../../../tests/support/metrics.ts";
import { nodeEvents } from "./event-metrics.ts";
import { exporterFamilies, nodeGauges } from "./metrics.ts";

function status(
  postgres: Partial<NodeStatus["postgres"]>,
  disk: NodeStatus["disk"],
  restored: Partial<NodeStatus> = {},
): NodeStatus {
  return {
    postgres: {
      running: true,
      role: "standby",
      timeline: 3,
      lagSeconds: 0.5,
      lagBytes: 9,
      downstream: [],
      ...postgres,
    },
    repmgrd: { running: true, because: null },
    lease: { mode: "on", held: false, remainingMs: 0, term: 7, voters: ["n2", "n1"], refusals: [] },
    unhealthy: null,
    trouble: null,
    roles: [],
    publishedPasswords: ["A"],
    tls: null,
    failingMs: 0,
    paused: { on: false },
    forced: false,
    consistency: { mode: "eventual", degraded: null },
    fenced: null,
    disk,
    restore: null,
    lastRestore: null,
    kept: null,
    ...restored,
  } as unknown as NodeStatus;
}

async function scrape(shown: NodeStatus) {
  const metrics = new Metrics({ node: "node1" });
  const events = nodeEvents(metrics);
  metrics.gauges(nodeGauges, () => shown);
  metrics.also(() => familiesText(exporterFamilies(shown)));
  events.leaseRequest.inc();
  events.promotion.observe(0.6);
  return await metrics.text();
}

/** As recorded from a running standby before each became an entry of its own. */
const recorded = [
  "counter postdock_control_requests_refused_total{cause,node}",
  "counter postdock_fences_total{cause,node}",
  "counter postdock_hand_overs_failed_total{cause,node}",
  "counter postdock_hand_overs_total{cause,node}",
  "counter postdock_leaderships_total{cause,node}",
  "counter postdock_lease_requests_total{node}",
  "counter postdock_restores_total{end,node}",
  "gauge pg_replication_lag_seconds{}",
  "gauge pg_up{}",
  "gauge postdock_build_info{node,version}",
  "gauge postdock_consistency_degraded{node}",
  "gauge postdock_consistency_info{mode,node}",
  "gauge postdock_disk_free_bytes{node}",
  "gauge postdock_disk_total_bytes{node}",
  "gauge postdock_electorate_info{node,voters}",
  "gauge postdock_failing_seconds{node}",
  "gauge postdock_failover_paused{node}",
  "gauge postdock_fenced{node}",
  "gauge postdock_forced{node}",
  "gauge postdock_healthy{node}",
  "gauge postdock_is_primary{node}",
  "gauge postdock_lease_held{node}",
  "gauge postdock_lease_in_force{node}",
  "gauge postdock_lease_refusals{node}",
  "gauge postdock_lease_remaining_seconds{node}",
  "gauge postdock_lease_term{node}",
  "gauge postdock_published_passwords{node}",
  "gauge postdock_replay_paused{node}",
  "gauge postdock_replication_lag_bytes{node}",
  "gauge postdock_repmgrd_up{node}",
  "gauge postdock_restore_step{node,step}",
  "gauge postdock_role_troubles{node}",
  "gauge postdock_role{node,role}",
  "gauge postdock_standbys{node}",
  "gauge postdock_streaming{node}",
  "gauge postdock_timeline{node}",
  "gauge postdock_trouble{node}",
  "gauge postdock_voters{node}",
].sort();
const durations = [
  "histogram postdock_failover_step_seconds{node,step}",
  ...["hand_over", "lease_age", "promotion"].map((what) => `histogram postdock_${what}_seconds{node}`),
  "histogram postdock_rejoin_seconds{node,way}",
];

test("a node that has been seen shows every metric that dashboards know, and the durations", async () => {
  const text = await scrape(status({}, { freeBytes: 5, totalBytes: 9 }));
  assert.deepEqual(seriesOf(text), [...recorded, ...durations]);
  assert.match(text, /^postdock_lease_requests_total\{node="node1"\} 1$/m);
  assert.match(text, /^postdock_promotion_seconds_bucket\{le="1",node="node1"\} 1$/m);
});

test("what could not be seen is left out, never zero; the server that does not answer is not up", async () => {
  const blind = { running: null, role: "unknown", timeline: null, lagSeconds: null, lagBytes: null } as const;
  const text = await scrape(status(blind, null));
  const unseen = [
    "postdock_disk_free_bytes",
    "postdock_disk_total_bytes",
    "postdock_is_primary",
    "postdock_replay_paused",
    "postdock_replication_lag_bytes",
    "postdock_standbys",
    "postdock_streaming",
    "postdock_timeline",
  ].map((name) => `gauge ${name}{node}`).concat("gauge pg_replication_lag_seconds{}");
  assert.deepEqual(seriesOf(text), [...recorded.filter((s) => !unseen.includes(s)), ...durations]);
  assert.match(text, /^pg_up 0$/m);
});

test("a restore under way and the end of the last one have their series, and no label that grows", async () => {
  const restore = { id: "r2", backup: "b", target: "t", step: "copying", doneBytes: 5, totalBytes: 9, replayLsn: null };
  const text = await scrape(status({}, null, {
    restore: { ...restore, trouble: "barman does not answer" } as NodeStatus["restore"],
    lastRestore: { id: "r1", undone: true, atMs: 4_000, tookMs: 1_500 },
    kept: { timeline: 3, bytes: 7, sinceMs: 0, backup: "b", untilMs: 8_000 },
  }));
  const shown = Object.fromEntries(
    [...text.matchAll(/^postdock_restore_(\w+)\{([^}]*)\} (\S+)$/gm)].map(([, name, labels, value]) => [
      name === "step" ? /step="(\w+)"/.exec(labels!)![1] : name,
      Number(value),
    ]),
  );
  assert.deepEqual(shown, {
    copying: 1,
    holding: 0,
    promoting: 0,
    recovering: 0,
    undoing: 0,
    waiting: 0,
    copied_bytes: 5,
    total_bytes: 9,
    trouble: 1,
    last_undone: 1,
    last_end_time_seconds: 4,
    last_duration_seconds: 1.5,
    kept_bytes: 7,
    kept_until_time_seconds: 8,
  });
  assert.doesNotMatch(text, /r1|r2|barman does not/);
});

test("what the server's TLS is, is shown once it has been seen; without a certificate its end is absent", async () => {
  const shown = async (tls: NodeStatus["tls"]) =>
    (await scrape(status({}, null, { tls }))).split("\n").filter((line) => line.startsWith("postdock_tls"));
  assert.deepEqual(await shown(null), []);
  assert.deepEqual(await shown({ on: false, faults: [], certificateEndsMs: null }), [
    'postdock_tls_on{node="node1"} 0',
    'postdock_tls_faults{node="node1"} 0',
  ]);
  assert.deepEqual(await shown({ on: true, faults: [{ because: "a", fix: "b" }], certificateEndsMs: 5_000 }), [
    'postdock_tls_on{node="node1"} 1',
    'postdock_tls_faults{node="node1"} 1',
    'postdock_tls_certificate_end_time_seconds{node="node1"} 5',
  ]);
});

test("one role at a time is 1, and each cause is there before it happens", async () => {
  const lines = (await scrape(status({ role: "standby" }, null))).split("\n");
  assert.ok(lines.includes('postdock_role{role="standby",node="node1"} 1'));
  assert.equal(lines.filter((line) => /^postdock_role\{.*\} 1$/.test(line)).length, 1);
  for (const cause of ["failover", "hand-over", "forced", "start", "restore"]) {
    assert.ok(lines.includes(`postdock_leaderships_total{cause="${cause}",node="node1"} 0`), cause);
  }
});
