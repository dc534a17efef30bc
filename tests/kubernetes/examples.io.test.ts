// The plain manifests under kubernetes/ build, and the API and the containers accept them.
import assert from "node:assert/strict";
import { test } from "node:test";
import { type Kube, kustomize, workloadsOf } from "../support/kubernetes-objects.ts";
import { ownContainers } from "../support/kubernetes-env.ts";
import { foundProblems } from "../support/kubernetes-findings.ts";

const first = await kustomize("kubernetes/example1-basic-multilevel");
const second = await kustomize("kubernetes/example2-single-statefulset");

for (
  const [name, objects] of [["example1-basic-multilevel", first], ["example2-single-statefulset", second]] as const
) {
  test(`accepted, by the API and by the containers: ${name}`, async () => {
    assert.deepEqual(await foundProblems(objects), []);
    const outside = objects.filter((o) => o.kind !== "Namespace" && o.metadata.namespace !== "mysystem");
    assert.deepEqual(outside.map((o) => o.metadata.name), []);
    const namespace = objects.find((o) => o.kind === "Namespace");
    assert.equal(namespace?.metadata.labels?.["pod-security.kubernetes.io/enforce"], "restricted");
  });

  test(`one electorate, and pgpool knows every node: ${name}`, () => {
    const containers = ownContainers(objects);
    const nodes = containers.filter((c) => c.role === "postgres-node").map((c) => c.environment);
    const electorates = new Set(nodes.map((e) => e.PARTNER_NODES).filter((p) => p !== undefined));
    assert.equal(electorates.size, 1);
    const voters = [...electorates][0]!.split(",");
    assert.equal(voters.length, 3);
    const voting = nodes.filter((e) => e.PARTNER_NODES !== undefined).map((e) => e.CLUSTER_NODE_NETWORK_NAME!);
    assert.deepEqual(voting.sort(), voters.sort());
    const labelled = workloadsOf(objects).filter((w) => w.labels.voter === "true").flatMap((w) => w.pods);
    assert.equal(labelled.length, 3);
    for (const { environment } of containers.filter((c) => c.role === "pgpool")) {
      const backends = environment.BACKENDS!.split(",").map((b) => b.split(":")[1]!);
      assert.deepEqual(backends.sort(), nodes.map((e) => e.CLUSTER_NODE_NETWORK_NAME!).sort());
    }
  });
}

const named = (objects: readonly Kube[], kind: string): string[] =>
  objects.filter((o) => o.kind === kind).map((o) => o.metadata.name).sort();
const numbered = (name: (n: number) => string): string[] => [1, 2, 3, 4, 5].map(name);

test("the examples have the names that those of 1.x had", () => {
  assert.deepEqual(named(first, "StatefulSet"), numbered((n) => `mysystem-db-node${n}`));
  assert.deepEqual(named(first, "PersistentVolumeClaim"), numbered((n) => `application-db-node${n}-claim`));
  const services = [...numbered((n) => `mysystem-db-node${n}-service`), "mysystem-pgpool-service"];
  assert.deepEqual(named(first, "Service"), services);
  assert.deepEqual(named(second, "StatefulSet"), ["mysystem-db-node"]);
  assert.deepEqual(named(second, "Service"), ["mysystem-db", "mysystem-pgpool"]);
  for (const objects of [first, second]) {
    assert.deepEqual([...named(objects, "Secret"), ...named(objects, "ConfigMap")], [
      "mysystem-secret",
      "mysystem-config",
    ]);
  }
});

test("the first example is the cascade of its comment", () => {
  const nodes = ownContainers(first).filter((c) => c.role === "postgres-node").map((c) => c.environment);
  const upstreams = nodes.map((e) => [Number(e.NODE_ID), /node\d/.exec(e.REPLICATION_PRIMARY_HOST!)?.[0]]);
  assert.deepEqual(upstreams, [[1, "node1"], [2, "node1"], [3, "node2"], [4, "node1"], [5, "node4"]]);
});
