// What a module of Go needs to build programs of Kubernetes, and who may ask the API server.
import assert from "node:assert/strict";
import { test } from "node:test";
import { nodePlaces, tokensCsv, users } from "./layout.ts";
import { goMod, importsOf, parts, stagedModules } from "./modules.ts";

test("modules that Kubernetes names without a version get that of its release, and no others do", () => {
  const theirs =
    "require (\n\tk8s.io/api v0.0.0\n\tk8s.io/utils v0.0.0-20250604170112-4c0f3b243397\n\tk8s.io/kubelet v0.0.0\n)\n";
  assert.deepEqual(stagedModules(theirs), ["k8s.io/api", "k8s.io/kubelet"]);
  const kubernetes = parts.find((p) => p.name === "kubernetes")!;
  const text = goMod(kubernetes, ["k8s.io/api"]);
  assert.match(text, /^require k8s\.io\/kubernetes v1\.34\.4$/m);
  assert.match(text, /^replace k8s\.io\/api => k8s\.io\/api v0\.34\.4$/m);
  assert.match(importsOf(kubernetes), /^import _ "k8s\.io\/kubernetes\/cmd\/kubelet"$/m);
});

test("each user has a token of its own, and each machine a user", () => {
  const lines = tokensCsv(Object.fromEntries(Object.keys(users).map((user) => [user, `t-${user}`]))).trim().split("\n");
  assert.equal(lines.length, Object.keys(users).length);
  assert.ok(lines.includes('t-node2,system:node:node2,node2,"system:nodes"'));
  for (const { name } of nodePlaces("/x", 3)) assert.ok(name in users, name);
});
