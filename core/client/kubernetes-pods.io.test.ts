// Asking an API server over real TLS: a server that answers as Kubernetes does, and some that do not.
import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import type { IncomingMessage } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { authorityOf, issue } from "../postgres/authority.ts";
import { systemClock } from "../runtime/time.ts";
import { OperatorError } from "../words/errors.ts";
import { kubernetesPods, type Pods } from "./kubernetes-pods.ts";

const ours = authorityOf("the key of this test");
const theirs = authorityOf("another key");

interface Asked {
  method: string;
  url: string;
  headers: IncomingMessage["headers"];
  body: string;
}
/** null: it never answers */
type Answer = { status: number; body: unknown } | null;

interface Given {
  answer?: (asked: Asked) => Answer;
  by?: typeof ours;
  host?: string;
  files?: Record<string, string>;
  environment?: Record<string, string>;
}

/** Uses the client at a server that answers so; returns what it was asked. */
async function at(given: Given, use: (pods: Pods, directory: string) => Promise<unknown>): Promise<Asked[]> {
  const { by = ours, host = "127.0.0.1", answer = () => ({ status: 200, body: pod() }) } = given;
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
  const cert = issue(by, { hosts: [host], publicKey, serial: Buffer.from([1]), nowMs: systemClock.wallMs() });
  const key = privateKey.export({ type: "pkcs8", format: "pem" }) as string;
  const asked: Asked[] = [];
  const server = createServer({ cert, key }, async (req, res) => {
    let body = "";
    for await (const chunk of req) body += chunk;
    const seen = { method: req.method!, url: req.url!, headers: req.headers, body };
    asked.push(seen);
    const said = answer(seen);
    if (said !== null) res.writeHead(said.status).end(JSON.stringify(said.body));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const directory = await mkdtemp(join(tmpdir(), "postdock-account-"));
  const files = { token: "first-token\n", namespace: "spaces", "ca.crt": ours.certificate, ...given.files };
  for (const [name, text] of Object.entries(files)) await writeFile(join(directory, name), text);
  const port = String((server.address() as AddressInfo).port);
  const environment = { KUBERNETES_SERVICE_HOST: "127.0.0.1", KUBERNETES_SERVICE_PORT: port, ...given.environment };
  try {
    await use(kubernetesPods({ environment, directory }), directory);
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    await rm(directory, { recursive: true });
  }
  return asked;
}

const pod = (labels?: Record<string, string>) => ({ metadata: { name: "pod-0", resourceVersion: "7", labels } });
const status = (code: number, message: string) => () => ({ status: code, body: { kind: "Status", message } });

/** What a question fails with. */
async function refused(given: Given, question = (pods: Pods): Promise<unknown> => pods.read("pod-0")) {
  let said: unknown = null;
  await at(given, async (pods) => said = await question(pods).then(() => null, (error) => error));
  assert.ok(said instanceof OperatorError, String(said));
  assert.ok(!said.message.includes("first-token"), said.message);
  return said;
}

test("a pod is read with the pod's own account, and labelled as it was read", async () => {
  const asked = await at({ answer: () => ({ status: 200, body: pod({ a: "b" }) }) }, async (pods) => {
    const seen = await pods.read("pod-0");
    assert.deepEqual(seen, { name: "pod-0", version: "7", labels: { a: "b" } });
    assert.equal(await pods.label(seen!, { "postdock/role": "primary", x: null }), true);
  });
  assert.deepEqual(asked.map((a) => `${a.method} ${a.url}`), [
    "GET /api/v1/namespaces/spaces/pods/pod-0",
    "PATCH /api/v1/namespaces/spaces/pods/pod-0",
  ]);
  assert.equal(asked[0]!.headers.authorization, "Bearer first-token");
  assert.equal(asked[1]!.headers["content-type"], "application/merge-patch+json");
  assert.deepEqual(JSON.parse(asked[1]!.body), {
    metadata: { resourceVersion: "7", labels: { "postdock/role": "primary", x: null } },
  });
});

test("a pod without labels has none, and one that is not there is null", async () => {
  await at({}, async (pods) => assert.deepEqual((await pods.read("pod-0"))?.labels, {}));
  await at({ answer: status(404, "not found") }, async (pods) => assert.equal(await pods.read("pod-0"), null));
});

test("a pod that has changed since, or is gone, is not labelled", async () => {
  for (const code of [404, 409]) {
    await at({ answer: status(code, "conflict") }, async (pods) => {
      assert.equal(await pods.label({ name: "pod-0", version: "6", labels: {} }, {}), false);
    });
  }
});

test("a token that is renewed in its file is used for the next question", async () => {
  const asked = await at({}, async (pods, directory) => {
    await pods.read("pod-0");
    await writeFile(join(directory, "token"), "second-token");
    await pods.read("pod-0");
  });
  assert.deepEqual(asked.map((a) => a.headers.authorization), ["Bearer first-token", "Bearer second-token"]);
});

test("a right that is missing is named, with the pod", async () => {
  const message = 'pods "pod-0" is forbidden';
  const read = await refused({ answer: status(403, message) });
  assert.match(read.message, /may not get the pod pod-0: pods "pod-0" is forbidden. Fix: .*get and patch on the pod/);
  const label = (pods: Pods) => pods.label({ name: "pod-0", version: "7", labels: {} }, {});
  assert.match((await refused({ answer: status(403, message) }, label)).what, /may not patch the pod pod-0/);
});

test("other refusals are reported as they are", async () => {
  assert.match((await refused({ answer: status(401, "Unauthorized") })).message, /token of this pod's service account/);
  assert.match((await refused({ answer: status(500, "etcd is away") })).message, /answers 500 .*: etcd is away/);
  assert.match((await refused({ answer: () => ({ status: 503, body: "" }) })).message, /answers 503/);
  const other = await refused({ answer: () => ({ status: 200, body: { kind: "Pod" } }) });
  assert.match(other.what, /is not a pod/);
});

test("a server that does not answer is given up after 2 s, and one that is not there at once", async () => {
  const from = systemClock.nowMs();
  assert.match((await refused({ answer: () => null })).message, /does not answer: no answer within 2 s/);
  assert.ok(systemClock.nowMs() - from < 4_000);
  assert.match((await refused({ environment: { KUBERNETES_SERVICE_PORT: "1" } })).what, /does not answer/);
});

test("the token goes to nobody but a server whose certificate is of the cluster's authority, and for its address", async () => {
  for (const given of [{ by: theirs }, { host: "127.0.0.2" }]) {
    const asked = await at(given, async (pods) => {
      await assert.rejects(pods.read("pod-0"), (error: Error) => /does not answer: /.test(error.message));
    });
    assert.deepEqual(asked, []);
  }
});

test("what is not mounted, or is not Kubernetes, is said with the fix", async () => {
  assert.match(
    (await refused({ files: { token: "" } })).message,
    /token cannot be used: it is empty. Fix: .*automount/,
  );
  await at({}, async (pods, directory) => {
    await rm(join(directory, "ca.crt"));
    await assert.rejects(pods.read("pod-0"), /ca\.crt cannot be used: it is not there/);
  });
  const outside = await refused({ environment: { KUBERNETES_SERVICE_HOST: "" } });
  assert.match(outside.message, /KUBERNETES_SERVICE_HOST is not set.* Fix: .*KUBERNETES_ROLE_PODS/);
});
