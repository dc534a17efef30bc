// `cluster show` and `cluster history` as people read them.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { NodeStatus } from "../../core/protocol/status.ts";
import type { Cluster } from "./gather.ts";
import { renderCluster, renderHistory } from "./render.ts";

function node(host: string, upstream: string | null, postgres: Partial<NodeStatus["postgres"]> = {}) {
  const status = {
    component: "postgres-node",
    doing: `serving as ${upstream === null ? "primary" : "standby"}`,
    node: { id: 1, name: `name-${host}`, host },
    postgres: {
      role: upstream === null ? "primary" : "standby",
      timeline: 2,
      lagBytes: 0,
      lagSeconds: 0,
      upstream: upstream === null ? null : { host: upstream, port: 5432, streaming: true },
      ...postgres,
    },
    lease: { mode: "on", because: "", held: upstream === null, remainingMs: 3_400, term: 7, voters: ["a", "b", "c"] },
    fenced: null,
    trouble: null,
    roles: [],
    tls: null,
    settings: [],
    consistency: { mode: "eventual", degraded: null },
    paused: { on: false, count: 0, atMs: 0 },
    forced: false,
    kept: null,
  } as unknown as NodeStatus;
  return { host, status };
}

test("cluster show says why a node does not serve, in PostgreSQL's words", () => {
  const { host, status } = node("b", "a");
  const nodes = [node("a", null), { host, status: { ...status, trouble: { because: "FATAL: no", fix: "yes" } } }];
  const shown = renderCluster({ members: [], nodes, primary: nodes[0]! });
  assert.ok(shown.includes("b: FATAL: no"), shown.join("\n"));
});

test("cluster show draws which node streams from which, with readable lags", () => {
  const nodes = [
    node("a", null),
    node("b", "a", { lagBytes: 1_258_291, lagSeconds: 0.31 }),
    node("c", "b", { lagBytes: null, lagSeconds: null, upstream: { host: "b", port: 5432, streaming: false } }),
  ];
  const members = [...nodes.map((n) => ({ ...n, clockAheadMs: 0 })), { host: "d", error: "no route" }];
  const cluster: Cluster = { nodes, members, primary: nodes[0]! };
  assert.deepEqual(renderCluster(cluster), [
    "node     name    role       timeline  lag            doing",
    "a        name-a  primary    2                        serving as primary",
    "|- b     name-b  standby    2         1.2 MB, 0.3 s  serving as standby",
    "|  |- c  name-c  standby    2         ? B, ? s       serving as standby, not streaming",
    "d                no answer                           no route",
    "",
    "lease: held by a, term 7, 3.4 s left; voters a, b, c",
  ]);
});

test("cluster show leaves out no node, not even two that name each other as upstream", () => {
  const nodes = [node("a", "b"), node("b", "a"), node("c", "b")];
  const members = nodes.map((n) => ({ ...n, clockAheadMs: 0 }));
  const lines = renderCluster({ nodes, members, primary: null });
  for (const host of ["a", "b", "c"]) assert.equal(lines.filter((l) => l.includes(`name-${host}`)).length, 1, host);
});

test("cluster history prints one line per event: when, where, what, how long, why", () => {
  const entry = {
    time: "2026-01-01T00:00:00Z",
    node: "a",
    event: "Handed over",
    to: "b",
    tookMs: 840,
    because: "asked",
  };
  assert.deepEqual(renderHistory([entry]), ["2026-01-01T00:00:00Z  a  Handed over, to b, took 0.8 s: asked"]);
});
