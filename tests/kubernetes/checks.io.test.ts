// The checks of objects can fail: each finds what was broken on purpose.
import assert from "node:assert/strict";
import { test } from "node:test";
import { type Json, type Kube, objectsOf, render } from "../support/kubernetes-objects.ts";
import { foundProblems } from "../support/kubernetes-findings.ts";
import { fieldsOf } from "../support/kubernetes-types.ts";

const whole = await render();
const find = (objects: readonly Kube[], kind: string, name: string): Json =>
  objects.find((o) => o.kind === kind && o.metadata.name === `mysystem-${name}`)!;
const podOf = (objects: readonly Kube[]): Json => find(objects, "StatefulSet", "db-node").spec.template.spec;
const containerOf = (objects: readonly Kube[]): Json => podOf(objects).containers[0];
const variable = (objects: readonly Kube[], name: string): Json =>
  containerOf(objects).env.find((e: Json) => e.name === name);

const broken: readonly [what: string, harm: (objects: Kube[]) => void, found: RegExp][] = [
  ["a field that the API lacks", (o) => podOf(o).nodeSelecter = {}, /has no field nodeSelecter/],
  ["a number as text", (o) => find(o, "StatefulSet", "db-node").spec.replicas = "3", /"3" is not a number/],
  ["a text as number", (o) => variable(o, "TLS").value = 1, /value: 1 is not a string/],
  ["what the API demands", (o) => delete find(o, "StatefulSet", "db-node").spec.selector, /lacks selector/],
  ["no name", (o) => delete containerOf(o).name, /lacks name/],
  ["a list for an object", (o) => podOf(o).affinity = [], /is not an object/],
  ["a labelled value of another type", (o) => find(o, "Service", "db").spec.selector.name = 5, /5 is not a string/],
  ["twice the same object", (o) => o.push(o[0]!), /is there twice/],
  ["a variable set twice", (o) => containerOf(o).env.push({ name: "TLS", value: "off" }), /TLS is set twice/],
  ["a variable that nobody reads", (o) => variable(o, "TLS").name = "TSL", /TSL does not belong/],
  ["a value that is refused", (o) => variable(o, "CONSISTENCY").value = "often", /CONSISTENCY.*often/],
  [
    "a secret that is not there",
    (o) => find(o, "Secret", "secret").metadata.name = "x",
    /mysystem-secret is not there/,
  ],
  [
    "a name without room",
    (o) => find(o, "Deployment", "database-pgpool").metadata.name = "n".repeat(53),
    /more than 52/,
  ],
  ["a label without room", (o) => find(o, "Service", "db").metadata.labels.a = "n".repeat(64), /label a is too long/],
  ["root", (o) => podOf(o).securityContext.runAsNonRoot = false, /may run as root/],
  ["a capability", (o) => containerOf(o).securityContext.capabilities.add = ["X"], /rights that it does not need/],
  ["liveness by readiness", (o) => containerOf(o).livenessProbe.httpGet.path = "/readyz", /depends on its readiness/],
  ["a probe by a command", (o) => containerOf(o).readinessProbe = { exec: {} }, /readinessProbe asks something else/],
  ["a volume without a source", (o) => podOf(o).volumes.shift(), /the volume shm is not there/],
  ["links of services", (o) => delete podOf(o).enableServiceLinks, /would be taken for ours/],
  ["a token for nothing", (o) => delete variable(o, "KUBERNETES_ROLE_PODS").value, /token that it does not need/],
  ["no token", (o) => podOf(o).automountServiceAccountToken = false, /is to label pods, and gets no token/],
  ["a right too many", (o) => find(o, "Role", "labels").rules[0].verbs.push("delete"), /its rights are .*delete/],
  ["a right to all pods", (o) => delete find(o, "Role", "labels").rules[0].resourceNames, /its rights are/],
  ["a right of nobody", (o) => find(o, "RoleBinding", "labels").subjects[0].name = "x", /its rights are \[\]/],
  ["pods that are not there", (o) => find(o, "StatefulSet", "db-node").spec.replicas = 4, /there are .*db-node-3/],
  ["no role", (o) => find(o, "Service", "rw").spec.selector["postdock/role"] = "leader", /which does not exist/],
  ["names before readiness", (o) => delete find(o, "Service", "db").spec.publishNotReadyAddresses, /headless/],
  [
    "barman among the nodes, as in 1.x",
    (o) => find(o, "StatefulSet", "barman-node").spec.template.metadata.labels.name = "database",
    /mysystem-db selects pods of several kinds/,
  ],
  [
    "a budget of nobody",
    (o) => find(o, "PodDisruptionBudget", "voters").spec.selector.matchLabels = { a: "b" },
    /no pods/,
  ],
];

for (const [what, harm, found] of broken) {
  test(`found: ${what}`, async () => {
    const objects = structuredClone(whole);
    harm(objects);
    assert.match((await foundProblems(objects)).join("\n"), found);
  });
}

test("a key that is twice in one object is an error of its YAML", () => {
  assert.throws(() => objectsOf("kind: A\nkind: B"), /unique/);
  assert.deepEqual(objectsOf("# nothing\n---\nkind: A\n---\n"), [{ kind: "A" }]);
});

test("fieldsOf() reads names, types and what is demanded", () => {
  const text = `    /**\n    * words\n    */\n    '_from'?: Array<V1Peer>;\n    'port': IntOrString;\n` +
    "    'data'?: {\n        [key: string]: string;\n    };\n    static readonly discriminator: string | undefined;\n";
  assert.deepEqual([...fieldsOf(text)].map(([name, f]) => [name, f.type.replaceAll(/\s+/g, " "), f.required]), [
    ["from", "Array<V1Peer>", false],
    ["port", "IntOrString", true],
    ["data", "{ [key: string]: string; }", false],
  ]);
});
