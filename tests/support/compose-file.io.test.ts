// The editing of Compose files. The package asks the environment whether to log its tokens, so this is not a pure test.
import assert from "node:assert/strict";
import { test } from "node:test";
import { type ComposeFile, type Edit, mount, parseCompose, renderCompose, setEnvironment } from "./compose-file.ts";
import { onNodes, withFirstLevel, withMode, withVoters } from "./variants.ts";

const text = `x-env: &env
  CLUSTER_NAME: pg_cluster
services:
  pgmaster:
    environment: {<<: *env, NODE_NAME: node1, PARTNER_NODES: "pgmaster,pgslave1"}
  pgslave1:
    environment: {<<: *env, NODE_NAME: node2, NODE_ID: 2, PARTNER_NODES: "pgmaster,pgslave1"}
    volumes: ["pgslave1:/data"]
  pgslave2:
    environment: {<<: *env, NODE_NAME: node3}
  pgpool:
    environment: {BACKENDS: "0:pgmaster::::", SWITCH: "on"}
volumes:
  pgslave1:
`;

const edited = (edit: Edit): ComposeFile => {
  const file = parseCompose(text);
  edit(file);
  assert.deepEqual(parseCompose(renderCompose(file)), file, "it is read as it was written");
  return file;
};
const variable = (file: ComposeFile, name: string) =>
  Object.fromEntries(Object.entries(file.services).map(([s, { environment }]) => [s, environment?.[name]]));

test("anchors are resolved, and no two services share anything", () => {
  const file = edited((f) => setEnvironment(f, "pgmaster", { CLUSTER_NAME: "other" }));
  assert.deepEqual(Object.keys(file), ["services", "volumes"]);
  assert.deepEqual(variable(file, "CLUSTER_NAME"), {
    pgmaster: "other",
    pgslave1: "pg_cluster",
    pgslave2: "pg_cluster",
    pgpool: undefined,
  });
});

test("text stays in quotes, so that an older reader does not take a word for a boolean", () => {
  assert.match(renderCompose(parseCompose(text)), /SWITCH: "on"/);
});

test("an edit of something that does not exist is an error", () => {
  const file = parseCompose(text);
  assert.throws(() => setEnvironment(file, "pgslave9", { A: 1 }), /no service pgslave9/);
  assert.throws(() => setEnvironment(file, "pgmaster", { NODE_ID: null }), /no NODE_ID to take out/);
  assert.throws(() => mount(file, "pgslave9", "a:b"), /no service pgslave9/);
});

test("a mode is on every node and on pgpool, a node's variable on nodes only", () => {
  const modes = { pgmaster: "strict", pgslave1: "strict", pgslave2: "strict", pgpool: "strict" };
  assert.deepEqual(variable(edited(withMode("strict")), "CONSISTENCY"), modes);
  assert.equal(variable(edited(onNodes({ BARMAN_SYNC: 1 })), "BARMAN_SYNC").pgpool, undefined);
});

test("voters are named on the first level and on the observers, not on the second level", () => {
  const file = edited(withVoters(["pgmaster", "pgslave1"], ["pgpool"]));
  const voters = "pgmaster,pgslave1";
  const observers = { pgmaster: "pgpool", pgslave1: "pgpool", pgslave2: undefined, pgpool: "pgpool" };
  assert.deepEqual(variable(file, "QUORUM_OBSERVERS"), observers);
  assert.deepEqual(variable(file, "PARTNER_NODES"), {
    ...observers,
    pgmaster: voters,
    pgslave1: voters,
    pgpool: voters,
  });
  assert.equal(file.services.pgpool!.environment!.CLUSTER_NODE_NETWORK_NAME, "pgpool");
});

test("added first-level nodes are copies with their own id, name and volume", () => {
  const { edit, names } = withFirstLevel(4, ["pgmaster", "pgslave1", "pgslave3"]);
  assert.deepEqual(names, ["pgmaster", "pgslave1", "pgslave3", "pgextra1"]);
  const file = edited(edit);
  const { environment, volumes } = file.services.pgextra1!;
  assert.deepEqual([environment!.NODE_ID, environment!.NODE_NAME, volumes], [11, "node11", ["pgextra1:/data"]]);
  assert.equal(environment!.PARTNER_NODES, names.join(","));
  assert.ok("pgextra1" in file.volumes!);
  assert.match(String(file.services.pgpool!.environment!.BACKENDS), /,3:pgextra1::::$/);
});
