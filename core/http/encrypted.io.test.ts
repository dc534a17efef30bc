// TLS on the listener: whatever is wrong with it ends that connection, and nothing else.
import assert from "node:assert/strict";
import { generateKeyPairSync } from "node:crypto";
import { connect, createServer, type Socket } from "node:net";
import { test } from "node:test";
import { connect as connectTls } from "node:tls";
import { Hono } from "hono";
import { authorityOf, issue } from "../postgres/authority.ts";
import { systemClock, waitUntil } from "../runtime/time.ts";
import { Connection } from "./connection.ts";
import type { Shown } from "./encrypted.ts";
import { serve } from "./serve.ts";

const at = { host: "127.0.74.1", port: 18_475 };
const quick = { readMs: 300, writeMs: 300 };
const app = new Hono().get("/", (c) => c.text("yes"));

function proper(): Shown {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
  const own = { hosts: ["pg1"] as const, publicKey, serial: Buffer.from([1]), nowMs: systemClock.wallMs() };
  const certificate = issue(authorityOf("the key of this test"), own);
  return { certificate, key: privateKey.export({ type: "pkcs8", format: "pem" }) as string };
}

const until = (what: string, ready: () => boolean) =>
  waitUntil(() => Promise.resolve(ready()), { what, deadlineMs: 20_000, everyMs: 5 }, { clock: systemClock });

function watched(socket: Socket): { ended: () => boolean } {
  let ended = false;
  socket.on("error", () => {}); // it closes then
  socket.on("close", () => ended = true);
  socket.resume();
  return { ended: () => ended };
}

async function serving(shown: Shown, work: () => Promise<void>): Promise<void> {
  const listener = await serve(app, { ...at, shown: () => shown }, undefined, quick);
  try {
    await work();
    assert.equal(await (await fetch(`http://${at.host}:${at.port}/`)).text(), "yes");
  } finally {
    listener.close();
  }
}

const handshake = Buffer.from([0x16, 3, 1, 0, 200]);

test("a handshake that is junk, or goes no further, and a connection without a request end", () =>
  serving(proper(), async () => {
    const junk = connect(at, () => junk.write(Buffer.concat([handshake, Buffer.alloc(200, 7)])));
    const stalled = connect(at, () => stalled.write(handshake));
    const idle = connectTls({ ...at, rejectUnauthorized: false });
    const lines = Object.entries({ junk, stalled, idle }).map(([name, socket]) => ({ name, ...watched(socket) }));
    for (const { name, ended } of lines) await until(`the end of ${name}`, ended);
  }));

test("files that TLS cannot use end the connection, not the agent", () =>
  serving({ certificate: "junk", key: "junk" }, async () => {
    const socket = connect(at, () => socket.write(handshake));
    await until("its end", watched(socket).ended);
  }));

test("a handshake waits for its turn", async () => {
  let [asked, shown] = [0, 0];
  const listener = {
    turn: () => (asked++, new Promise<void>(() => {})),
    answer: () => new Response("no"),
    learn: () => {},
    shown: () => (shown++, null),
  };
  const server = createServer((socket) => void new Connection(socket, "10.0.0.9", listener, quick));
  await new Promise<void>((resolve) => server.listen(at, resolve));
  const socket = connect(at, () => socket.write(handshake));
  await until("its end", watched(socket).ended);
  server.close();
  assert.deepEqual([asked, shown], [1, 0]);
});
