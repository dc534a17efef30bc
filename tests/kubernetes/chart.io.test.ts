// The Helm chart makes objects that the API accepts, and variables that the containers accept, whatever the values.
import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { parse } from "yaml";
import { defaultOf, imagesOf, type Versions } from "../../tools/matrix.ts";
import { root } from "../../tools/terminal.ts";
import { helm, type Json, type Kube, render, workloadsOf } from "../support/kubernetes-objects.ts";
import { ownContainers, secretTexts } from "../support/kubernetes-env.ts";
import { foundProblems } from "../support/kubernetes-findings.ts";

const values1x = await readFile(join(root, "tests/kubernetes/values-of-1x.yaml"), "utf8");
const givenSecrets = {
  "app.db.password": "first-of-mine",
  "app.db.cluster.replication.password": "second-of-mine",
  "app.db.pool.users": "wide:first-of-mine\nother:p,q",
  "app.db.pool.pcp.password": "third-of-mine",
  "app.cluster.key": "0123456789abcdef",
  "app.metrics.password": "fourth-of-mine",
  "app.backup.cloud.accessKey": "AKIA0",
  "app.backup.cloud.secretKey": "fifth-of-mine",
};

const longest = "n".repeat(35);

/** Values that touch every branch of the templates. */
const cases: readonly { name: string; values?: string; files?: string[]; given?: string[]; secrets?: object }[] = [
  { name: "no values" },
  { name: "values-small.yaml", files: ["values-small.yaml"] },
  { name: "values-production.yaml", files: ["values-production.yaml"] },
  { name: "the values of 1.x", values: values1x },
  { name: "the values of 1.x, and its volumes adopted", values: values1x, files: ["values-from-1x.yaml"] },
  {
    name: "the defaults of an earlier chart, as --reuse-values keeps them",
    values: `
services: {byRole: false}
rbac: null
postgres: {minReadySeconds: null}
pgpool: {votes: true, minReadySeconds: null, updateStrategy: RollingUpdate}`,
  },
  {
    name: "one node, no barman",
    values: "postgres: {replicas: 1}\nbarman: {backupSchedule: ''}\npgpool: {replicas: 1}",
  },
  {
    name: "a secret of one's own, an object store, all of monitoring",
    values: `
existingSecret: mine
metrics: {auth: true, podMonitor: {enabled: true}, prometheusRule: {enabled: true}, dashboards: {enabled: true}}
barman: {sync: true, incremental: 7, cloud: {url: s3://bucket/path, endpoint: "https://s3.example.com", encryption: AES256}}
postgres: {configs: "summarize_wal:on,max_connections:200"}`,
    given: ["mine"],
    secrets: givenSecrets,
  },
  {
    name: "certificates of cert-manager",
    values: `
tls: {mode: require, certManager: {enabled: true, issuerRef: {name: it, kind: ClusterIssuer}}, names: [db.example.com]}
consistency: strict`,
    given: ["mysystem-tls"],
  },
  { name: "certificates of a secret", values: "tls: {mode: prefer, certificatesSecret: pem}", given: ["pem"] },
  {
    name: "TLS by itself, five voters, a long name",
    values: `tls: {mode: auto}\npgpool: {votes: true}\npostDock: {name: ${longest}}`,
  },
  {
    name: "everything that may be added",
    values: `
commonLabels: {team: one}
commonAnnotations: {note: two}
commonEnv: [{name: LOG_FORMAT, value: text}, {name: LEASE_TTL, value: "4"}]
global: {imageRegistry: registry.example.com, imagePullSecrets: [{name: pull}]}
postgres:
  digest: sha256:${"0".repeat(64)}
  env: [{name: CONFIGS, value: "work_mem:8MB"}, {name: POSTGRES_PASSWORD, value: in-clear}]
  initScripts: {"10-first.sql": "create table a ()"}
  initScriptsConfigMap: scripts
  podAntiAffinityPreset: hard
  topologySpreadConstraints: [{maxSkew: 1, topologyKey: zone, whenUnsatisfiable: DoNotSchedule}]
  tolerations: [{key: db, operator: Exists}]
  nodeSelector: {disk: ssd}
  priorityClassName: high
  schedulerName: other
  readinessProbe: {periodSeconds: 9}
  persistence: {storageClass: fast, annotations: {a: b}, labels: {c: d}, selector: {matchLabels: {e: f}}}
  extraVolumes: [{name: more, emptyDir: {}}]
  extraVolumeMounts: [{name: more, mountPath: /more}]
  resources: {requests: {memory: 1Gi}}
pgpool:
  podAntiAffinityPreset: none
  service: {type: LoadBalancer, pcp: true, loadBalancerSourceRanges: [10.0.0.0/8], externalTrafficPolicy: Local, annotations: {x: "y"}}
barman: {persistence: {storageClass: "-"}, cloud: {url: s3://bucket, credentials: instance}}
networkPolicy: {allowExternal: false, metricsFrom: []}
serviceAccount: {name: account, annotations: {role: "arn"}}
extraDeploy:
  - {apiVersion: v1, kind: ConfigMap, metadata: {name: "{{ .Values.postDock.name }}-mine"}, data: {a: b}}
  - |
    {apiVersion: v1, kind: ConfigMap, metadata: {name: text}, data: {a: b}}`,
    given: ["scripts"],
  },
];

for (const { name, values, files, given, secrets } of cases) {
  test(`accepted, by the API and by the containers: ${name}`, async () => {
    const objects = await render(values, files);
    assert.deepEqual(await foundProblems(objects, { given: given ?? [], secrets: { ...secrets } }), []);
  });
}

test("helm lint has nothing to say", async () => {
  for (const files of [[], ["values-small.yaml"], ["values-production.yaml"]]) {
    const { code, stdout, stderr } = await helm(["lint", "--strict"], { files });
    assert.equal(code, 0, stdout + stderr);
    assert.doesNotMatch(stdout, /WARNING|ERROR/);
  }
});

/** Values that are refused, and the words. */
const refused: readonly [values: string, words: RegExp][] = [
  ["postgres: {replicass: 3}", /'replicass' not allowed/],
  ["postgres: {replicas: 0}", /postgres\/replicas.*minimum/],
  ["consistency: eventually", /consistency.*'eventual', 'partially-strict', 'strict'/],
  ["postDock: {name: My_System}", /postDock\/name.*pattern/],
  [`postDock: {name: ${"n".repeat(36)}}`, /postDock\/name.*pattern/],
  ["serviceAccount: {create: false}", /every pod with the account default could change the nodes' pods/],
  ["postgres: {podLabels: {postdock/role: primary}}", /postgres\.podLabels: postdock\/role is set by the primary/],
  ["commonLabels: {postdock/reads: 'true'}", /commonLabels: postdock\/reads is set by the primary/],
  ["rbac: {created: false}", /'created' not allowed/],
  ["postgres: {tag: latest-postgres11-repmgr40}", /an image of PostDock 1\.x/],
  ["pgpool: {resourcesPreset: huge}", /huge is not one of none, nano/],
  ["postgres: {env: [{name: NODE_ID, value: '1'}]}", /NODE_ID follows from the other values/],
  ["commonEnv: [{name: PARTNER_NODES_FILE, value: /x}]", /PARTNER_NODES_FILE follows from the other values/],
  ["postgres: {nodes: [{volume: {size: 1Gi}}, {volume: {size: 2Gi}}]}", /the sizes differ \(1Gi, 2Gi\)/],
  ["postgres: {replicas: 5, nodes: [{}]}", /has 1 entries, and postgres\.replicas is 5/],
  ["tls: {mode: auto, certificatesSecret: x}", /auto does not use the certificates/],
  ["tls: {mode: require, certificatesSecret: x, certManager: {enabled: true, issuerRef: {name: x}}}", /two sources/],
  ["tls: {mode: require, certManager: {enabled: true}}", /name the issuer/],
  ["barman: {sync: true, backupSchedule: ''}", /commits would wait for barman/],
  ["barman: {cloud: {url: s3://x}}", /give accessKey and secretKey/],
  ["barman: {incremental: 5}", /add summarize_wal:on/],
  ["barman: {compression: zstd, cloud: {url: s3://x, credentials: instance}}", /neither an object store nor/],
  ["existingSecret: x\nclusterKey: 0123456789abcdef", /clusterKey: existingSecret has it/],
];

for (const [values, words] of refused) {
  test(`refused with words: ${values.replaceAll("\n", ", ")}`, async () => {
    const { code, stderr } = await helm(["template", "release"], { values });
    assert.notEqual(code, 0);
    assert.match(stderr, words);
  });
}

const named = (objects: readonly Kube[], kind: string): string[] =>
  objects.filter((o) => o.kind === kind).map((o) => o.metadata.name).sort();

test("objects, labels, keys and claims have the names that the chart of 1.x gave them", async () => {
  const objects = await render(values1x);
  const byRole = ["mysystem-r", "mysystem-ro", "mysystem-rw"];
  assert.deepEqual(named(objects, "Service"), ["mysystem-barman", "mysystem-db", "mysystem-pgpool", ...byRole]);
  assert.deepEqual(named(objects, "StatefulSet"), ["mysystem-barman-node", "mysystem-db-node"]);
  assert.deepEqual(named(objects, "Deployment"), ["mysystem-database-pgpool"]);
  assert.deepEqual(named(objects, "ConfigMap"), ["mysystem-config"]);
  assert.deepEqual(named(objects, "PersistentVolume"), ["db-data-mysystem-db-node-1"]);
  const keys = Object.keys(secretTexts(objects.filter((o) => o.kind === "Secret"))).filter((key) =>
    key !== "app.cluster.key"
  ).sort();
  assert.deepEqual(keys, [
    "app.db.cluster.replication.password",
    "app.db.cluster.replication.user",
    "app.db.password",
    "app.db.pool.pcp.password",
    "app.db.pool.pcp.user",
    "app.db.pool.users",
    "app.db.user",
  ]);
  const claims = workloadsOf(objects).flatMap(({ object, pods }) =>
    (object.spec.volumeClaimTemplates ?? []).flatMap((c: Json) => pods.map((pod) => `${c.metadata.name}-${pod}`))
  );
  assert.deepEqual(claims.sort(), [
    "barman-data-mysystem-barman-node-0",
    "db-data-mysystem-db-node-0",
    "db-data-mysystem-db-node-1",
    "db-data-mysystem-db-node-2",
  ]);
  const selector = (kind: string) => objects.find((o) => o.kind === kind)?.spec.selector.matchLabels;
  assert.deepEqual(selector("Deployment"), { name: "database-balancer", node: "pgpool", system: "mysystem" });
  const nodes = objects.find((o) => o.metadata.name === "mysystem-db-node");
  assert.deepEqual(nodes?.spec.selector.matchLabels, { name: "database", system: "mysystem" });
});

test("old values are accepted with a warning, and so are too few voters", async () => {
  const notes = async (values: string, files: string[] = []) =>
    (await helm(["install", "release", "--dry-run=client"], { values, files })).stdout.replace(/^[^]*\nNOTES:/, "");
  const old = await notes(values1x);
  for (const words of [/postgres\.nodes is of 1\.x/, /barman\.volume is of 1\.x/, /a password that everybody knows/]) {
    assert.match(old, words);
  }
  assert.match(await notes("postgres: {replicas: 2}"), /2 voters: none may be lost/);
  assert.match(await notes("postgres: {replicas: 4}"), /4 voters bear no more losses than 3/);
  assert.match(await notes(""), /mysystem-rw leads to the primary/);
  assert.match(await notes("rbac: {create: false}"), /mysystem-ro and mysystem-r are left out, since rbac\.create/);
  assert.match(await notes("postgres: {pgdata: /var/lib/postgresql/data}"), /the mount itself, as in 1\.x/);
  for (const files of [[], ["values-small.yaml"], ["values-production.yaml"]]) {
    assert.doesNotMatch(await notes("", files), /WARNING/);
  }
});

test("all lists of nodes are one, and the voters of small values are three", async () => {
  const objects = await render("", ["values-small.yaml"]);
  const containers = ownContainers(objects);
  const nodes = ["mysystem-db-node-0.mysystem-db", "mysystem-db-node-1.mysystem-db"];
  const observer = "mysystem-database-pgpool-0.mysystem-pgpool-nodes";
  for (const { role, environment } of containers) {
    const { PARTNER_NODES, QUORUM_OBSERVERS, BACKENDS, REPLICATION_HOST } = environment;
    if (role === "barman") assert.equal(REPLICATION_HOST, nodes.join(","));
    else assert.deepEqual([PARTNER_NODES, QUORUM_OBSERVERS], [nodes.join(","), observer]);
    if (role === "pgpool") assert.equal(BACKENDS, nodes.map((node, i) => `${i}:${node}::::`).join(","));
  }
  const hosts = containers.filter((c) => c.role !== "barman").map((c) => c.environment.CLUSTER_NODE_NETWORK_NAME);
  assert.deepEqual(hosts.sort(), [...nodes, observer].sort());
  const budget = objects.find((o) => o.kind === "PodDisruptionBudget");
  assert.deepEqual(budget?.spec, {
    maxUnavailable: 1,
    selector: { matchLabels: { system: "mysystem", voter: "true" } },
  });
  const voters = workloadsOf(objects).filter((w) => w.labels.voter === "true").flatMap((w) => w.pods);
  assert.equal(voters.length, 3);
});

const byRole = /^mysystem-(rw|ro|r)$/;

test("services by role select nodes by labels that no pod has from its template", async () => {
  const objects = await render("networkPolicy: {allowExternal: false}");
  const selectors = objects.filter((o) => o.kind === "Service" && byRole.test(o.metadata.name)).map((o) =>
    [o.metadata.name, o.spec.selector] as const
  );
  const nodes = { name: "database", system: "mysystem" };
  assert.deepEqual(Object.fromEntries(selectors), {
    "mysystem-rw": { ...nodes, "postdock/role": "primary" },
    "mysystem-ro": { ...nodes, "postdock/role": "standby" },
    "mysystem-r": { ...nodes, "postdock/reads": "true" },
  });
  const labelled = workloadsOf(objects).filter((w) => Object.keys(w.labels).some((label) => /^postdock\//.test(label)));
  assert.deepEqual(labelled, []);
  const policy = objects.find((o) => o.kind === "NetworkPolicy" && o.metadata.name === "mysystem-nodes");
  assert.deepEqual(policy?.spec.podSelector.matchLabels, nodes);
  const from = [{ podSelector: { matchLabels: { "mysystem-client": "true" } } }];
  assert.deepEqual(policy?.spec.ingress, [{ ports: [{ port: "postgres" }], from }]);
  // no policy keeps the nodes from the API server
  const ways = objects.filter((o) => o.kind === "NetworkPolicy").flatMap((o) => o.spec.policyTypes);
  assert.deepEqual([...new Set(ways)], ["Ingress"]);
});

test("without rbac.create or services.byRole there is N-pgpool only, and no right, token or way more", async () => {
  for (const values of ["rbac: {create: false}", "services: {byRole: false}", "rbac:"]) {
    const objects = await render(values);
    assert.deepEqual(objects.filter((o) => byRole.test(o.metadata.name) && o.kind === "Service"), [], values);
    assert.deepEqual([...named(objects, "Role"), ...named(objects, "RoleBinding")], [], values);
    assert.deepEqual(named(objects, "NetworkPolicy"), ["mysystem", "mysystem-pgpool"], values);
    assert.deepEqual(await foundProblems(objects), [], values); // also: no token
    assert.ok(ownContainers(objects).every((c) => !("KUBERNETES_ROLE_PODS" in c.environment)), values);
  }
});

test("TLS of the nodes is for the names of services by role", async () => {
  const of = async (values: string) =>
    ownContainers(await render(values)).find((c) => c.role === "postgres-node")!.environment.TLS_NAMES;
  assert.match(
    (await of("tls: {mode: auto}"))!,
    /^mysystem-rw,mysystem-rw\.spaces,.*mysystem-r\.spaces\.svc\.cluster\.local$/,
  );
  assert.equal(await of("tls: {mode: auto}\nrbac: {create: false}"), undefined);
  const made = await render("tls: {mode: require, certManager: {enabled: true, issuerRef: {name: it}}}");
  const names: string[] = made.find((o) => o.kind === "Certificate")!.spec.dnsNames;
  for (const role of ["rw", "ro", "r"]) assert.ok(names.includes(`mysystem-${role}.spaces.svc`), role);
});

test("an update stops no two voters at once, and gives each time to be found again", async () => {
  const strategies = async (values: string) =>
    (await render(values, ["values-small.yaml"])).filter((o) =>
      o.kind === "StatefulSet" && !o.metadata.name.includes("barman")
    ).map((o) => `${o.metadata.name}: ${o.spec.updateStrategy.type}, ${o.spec.minReadySeconds} s`);
  const nodes = "mysystem-db-node: RollingUpdate, 10 s";
  assert.deepEqual(await strategies(""), ["mysystem-database-pgpool: OnDelete, 10 s", nodes]);
  const values = "pgpool: {updateStrategy: RollingUpdate, minReadySeconds: 30}";
  assert.deepEqual(await strategies(values), ["mysystem-database-pgpool: RollingUpdate, 30 s", nodes]);
});

test("the chart's images are those of images/versions.json", async () => {
  const versions: Versions = JSON.parse(await readFile(join(root, "images/versions.json"), "utf8"));
  const used = workloadsOf(await render()).filter((w) => w.object.kind !== "Pod").map((w) =>
    w.spec.containers[0].image
  );
  const wanted = imagesOf(versions, defaultOf(versions)).map(({ names }) => names[0]);
  assert.deepEqual(used.sort(), wanted.sort());
});

test("rules and dashboards are the files of monitoring/", async () => {
  const objects = await render("metrics: {prometheusRule: {enabled: true}, dashboards: {enabled: true}}");
  const rules = parse(await readFile(join(root, "monitoring/rules.yml"), "utf8"));
  assert.deepEqual(objects.find((o) => o.kind === "PrometheusRule")?.spec, rules);
  const shown = objects.filter((o) => o.metadata.name.startsWith("mysystem-dashboard-")).flatMap((o) =>
    Object.entries<string>(o.data)
  );
  const files = await readdir(join(root, "monitoring/dashboards"));
  assert.deepEqual(shown.map(([file]) => file).sort(), files.sort());
  for (const [file, text] of shown) {
    assert.equal(text, await readFile(join(root, "monitoring/dashboards", file), "utf8"));
  }
});

test("passwords that no value gives are long, and differ", async () => {
  const texts = secretTexts(await render());
  const made = Object.entries(texts).filter(([key]) => /password$|key$/.test(key)).map(([, text]) => text);
  assert.equal(new Set(made).size, 4);
  for (const text of made) assert.match(text, /^\w{32}$/);
  assert.equal(texts["app.db.pool.users"], `wide:${texts["app.db.password"]}`);
});
