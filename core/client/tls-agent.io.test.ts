// Asking agents by TLS, over real sockets.
import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { test } from "node:test";
import { Hono } from "hono";
import type { Shown } from "../http/encrypted.ts";
import { serve } from "../http/serve.ts";
import { authorityOf, certificateMs, issue } from "../postgres/authority.ts";
import { systemClock } from "../runtime/time.ts";
import { Peers } from "./peers.ts";

const ours = authorityOf("the key of this test");
const theirs = authorityOf("another key");

function shownFor(host: string, { by = ours, atMs = systemClock.wallMs() } = {}): Shown {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
  const certificate = issue(by, { hosts: [host], publicKey, serial: Buffer.from([1]), nowMs: atMs });
  return { certificate, key: privateKey.export({ type: "pkcs8", format: "pem" }) as string };
}

/** Asks an agent that shows this, and returns what came of it, and how often it was asked by TLS. */
async function asked(shown: Shown | null, { secret = false, times = 1, tls = true, at = "localhost" } = {}) {
  let byTls = 0;
  const app = new Hono().post("/x", async (c) => c.text(`got ${await c.req.text()}`));
  const show = () => (byTls++, shown);
  const probe = await freePort();
  const server = await serve(app, { port: probe, host: "127.0.0.1", shown: show });
  const peers = new Peers(systemClock, probe, tls ? { authorities: () => ours.certificate } : null);
  const one = () =>
    peers.postSigned(at, "/x", { body: "{}", headers: {}, timeoutMs: 5_000, mostBytes: 1_000, secret })
      .then((a) => `${a.status} ${a.body}`, (error) => String(error.message));
  const answers: string[] = [];
  for (let i = 0; i < times; i++) answers.push(await one());
  server.close();
  return { answers, byTls };
}

async function freePort(): Promise<number> {
  const { createServer } = await import("node:net");
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  await new Promise<void>((resolve) => server.close(() => resolve()));
  return port;
}

test("an agent with a certificate of the cluster is asked by TLS, over one connection", async () => {
  const { answers, byTls } = await asked(shownFor("localhost"), { secret: true, times: 3 });
  assert.deepEqual(answers, ["200 got {}", "200 got {}", "200 got {}"]);
  assert.equal(byTls, 1);
});

test("the dates of a certificate do not matter to what the lease depends on", async () => {
  const ended = shownFor("localhost", { atMs: systemClock.wallMs() - 2 * certificateMs.valid });
  const { answers } = await asked(ended, { secret: true });
  assert.deepEqual(answers, ["200 got {}"]);
});

test("without TLS, or with a certificate of another name or authority, public things are said in clear, others not at all", async () => {
  const table: [Shown | null, RegExp][] = [
    [null, /no TLS with localhost/],
    [shownFor("pg9"), /its certificate is not for localhost: DNS:pg9/],
    [shownFor("localhost", { by: theirs }), /not signed by an authority of this cluster/],
  ];
  for (const [shown, why] of table) {
    assert.deepEqual((await asked(shown)).answers, ["200 got {}"]);
    assert.match((await asked(shown, { secret: true })).answers[0]!, why);
  }
});

test("an agent that is asked by its address, as barman is, shows a certificate of the cluster for any name", async () => {
  const byAddress = { secret: true, at: "127.0.0.1" };
  assert.deepEqual((await asked(shownFor("backup"), byAddress)).answers, ["200 got {}"]);
  assert.match((await asked(shownFor("backup", { by: theirs }), byAddress)).answers[0]!, /not signed by an authority/);
});

test("an agent that does not speak TLS is not asked for it again each time", async () => {
  const { answers, byTls } = await asked(null, { times: 3 });
  assert.equal(answers.length, 3);
  assert.equal(byTls, 1);
});

test("without TLS in the variables everybody is asked in clear, also who speaks TLS", async () => {
  const { answers, byTls } = await asked(shownFor("localhost"), { tls: false });
  assert.deepEqual([answers, byTls], [["200 got {}"], 0]);
});
