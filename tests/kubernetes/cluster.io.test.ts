// What the chart makes of a cluster that it finds: a stand-in for the API server answers what helm looks up.
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { helm, type Json, objectsOf } from "../support/kubernetes-objects.ts";
import { secretTexts } from "../support/kubernetes-env.ts";

/** The kinds that the chart makes, by group and version. */
const groups: Readonly<Record<string, readonly string[]>> = {
  v1: ["ConfigMap", "Pod", "Secret", "Service", "ServiceAccount"],
  "apps/v1": ["Deployment", "StatefulSet"],
  "networking.k8s.io/v1": ["NetworkPolicy"],
  "policy/v1": ["PodDisruptionBudget"],
  "rbac.authorization.k8s.io/v1": ["Role", "RoleBinding"],
};
const pathOf = (group: string): string => group === "v1" ? "/api/v1" : `/apis/${group}`;
const kinds = Object.entries(groups).map(([groupVersion, kinds]) => [pathOf(groupVersion), {
  kind: "APIResourceList",
  apiVersion: "v1",
  groupVersion,
  resources: kinds.map((kind) => {
    const singularName = kind.toLowerCase();
    return { name: `${singularName.replace(/y$/, "ie")}s`, singularName, kind, namespaced: true, verbs: ["get"] };
  }),
}]);
const named = Object.keys(groups).filter((group) => group !== "v1").map((groupVersion) => {
  const [name, version] = groupVersion.split("/");
  return { name, versions: [{ groupVersion, version }], preferredVersion: { groupVersion, version } };
});
const discovery: Readonly<Record<string, Json>> = {
  "/version": { major: "1", minor: "34", gitVersion: "v1.34.4" },
  "/api": { kind: "APIVersions", versions: ["v1"] },
  "/apis": { kind: "APIGroupList", apiVersion: "v1", groups: named },
  ...Object.fromEntries(kinds),
};
const missing = { kind: "Status", apiVersion: "v1", status: "Failure", reason: "NotFound", code: 404 };

/** What marks an object as one of this release: helm takes no other over. */
const owned = (name: string) => ({
  name,
  namespace: "spaces",
  labels: { "app.kubernetes.io/managed-by": "Helm" },
  annotations: { "meta.helm.sh/release-name": "release", "meta.helm.sh/release-namespace": "spaces" },
});

const statefulSet = (name: string, replicas: number, status = {}) => ({
  [`/apis/apps/v1/namespaces/spaces/statefulsets/mysystem-${name}`]: {
    apiVersion: "apps/v1",
    kind: "StatefulSet",
    metadata: owned(`mysystem-${name}`),
    spec: { replicas },
    status,
  },
});

/** What helm makes of the chart where the cluster has these objects, by their paths in the API. */
async function renderBeside(there: Readonly<Record<string, Json>>, values: string) {
  const answers = { ...discovery, ...there };
  const server = createServer((request, response) => {
    const found = answers[request.url!.replace(/\?.*/, "")];
    response.writeHead(found ? 200 : 404, { "content-type": "application/json" }).end(JSON.stringify(found ?? missing));
  });
  const directory = await mkdtemp(join(tmpdir(), "postdock-chart-"));
  try {
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const kubeconfig = join(directory, "config");
    const cluster = { server: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
    await writeFile(
      kubeconfig,
      JSON.stringify({
        apiVersion: "v1",
        kind: "Config",
        clusters: [{ name: "a", cluster }],
        users: [{ name: "a", user: {} }],
        contexts: [{ name: "a", context: { cluster: "a", user: "a" } }],
        "current-context": "a",
      }),
    );
    return await helm(["template", "release", "--dry-run=server", "--disable-openapi-validation"], {
      values,
      kubeconfig,
    });
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    await rm(directory, { recursive: true });
  }
}

const three = statefulSet("db-node", 3);
const voters: readonly [what: string, there: Record<string, Json>, values: string, refused: RegExp | null][] = [
  ["the same", three, "", null],
  ["one node more", three, "postgres: {replicas: 4}", null],
  ["one node less", three, "postgres: {replicas: 2}", null],
  ["two nodes more", three, "postgres: {replicas: 5}", /from 3 nodes and 0 of pgpool to 5 and 0 at once/],
  ["two nodes less", statefulSet("db-node", 5), "", /from 5 nodes and 0 of pgpool to 3 and 0 at once/],
  ["one pgpool that votes", three, "pgpool: {votes: true, replicas: 1}", null],
  ["two of pgpool that vote", three, "pgpool: {votes: true}", /to 3 and 2 at once/],
  ["one of each", three, "postgres: {replicas: 4}\npgpool: {votes: true, replicas: 1}", /to 4 and 1 at once/],
  [
    "pgpool votes no longer, and one node more",
    { ...three, ...statefulSet("database-pgpool", 1) },
    "postgres: {replicas: 4}",
    /from 3 nodes and 1 of pgpool to 4 and 0 at once/,
  ],
  [
    "one node more, during an update",
    statefulSet("db-node", 3, { currentRevision: "a", updateRevision: "b" }),
    "postgres: {replicas: 4}",
    /still being updated/,
  ],
  ["the same, during an update", statefulSet("db-node", 3, { currentRevision: "a", updateRevision: "b" }), "", null],
];

for (const [what, there, values, refused] of voters) {
  test(`voters change by one at a time: ${what}`, async () => {
    const { code, stderr } = await renderBeside(there, values);
    if (refused) assert.match(stderr, refused);
    else assert.equal(code, 0, stderr);
  });
}

test("passwords that are there stay, and only what lacks is made", async () => {
  const data = { "app.db.password": btoa("kept"), "app.cluster.key": btoa("kept-for-good-too") };
  const secret = { apiVersion: "v1", kind: "Secret", metadata: owned("mysystem-secret"), data };
  const there = { "/api/v1/namespaces/spaces/secrets/mysystem-secret": secret };
  const texts = secretTexts(objectsOf((await renderBeside(there, "")).stdout));
  assert.equal(texts["app.db.password"], "kept");
  assert.equal(texts["app.cluster.key"], "kept-for-good-too");
  assert.equal(texts["app.db.pool.users"], "wide:kept");
  assert.match(texts["app.db.cluster.replication.password"]!, /^\w{32}$/);
  const given = secretTexts(objectsOf((await renderBeside(there, "postgres: {db: {password: new}}")).stdout));
  assert.equal(given["app.db.password"], "new");
});
