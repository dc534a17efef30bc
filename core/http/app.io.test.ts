// The app on a real socket, asked as other containers and the probes ask it.
import assert from "node:assert/strict";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { Hono } from "hono";
import { modeOf, remove } from "../runtime/files.ts";
import { serve } from "./serve.ts";
import { defaultHttpPort } from "../../config/http-port.ts";
import { askSocket } from "../client/own-agent.ts";
import { Peers } from "../client/peers.ts";
import { systemClock } from "../runtime/time.ts";

const peers = new Peers(systemClock, defaultHttpPort);

async function onSocket(app: Hono, work: (socketPath: string) => Promise<void>): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), "postdock-http-"));
  const socketPath = join(directory, "agent.sock");
  const listener = await serve(app, { socketPath }, 0o660);
  try {
    await work(socketPath);
  } finally {
    listener.close();
    await remove(directory);
  }
}

const app = new Hono()
  .get("/yes", (c) => c.text("yes\n"))
  .get("/no", (c) => c.text("no, because\n", 503))
  .get("/silent", () => new Promise<Response>(() => {}))
  .get("/huge", (c) => c.text("x".repeat(2_000_000)))
  .post("/echo", async (c) => c.json(await c.req.json()));

test("a socket has the given permission bits, and answers GET and POST", () =>
  onSocket(app, async (socket) => {
    assert.equal((await modeOf(socket))?.mode, 0o660);
    assert.equal(await peers.getText(socket, "/yes", 5_000), "yes\n");
    assert.deepEqual(JSON.parse(await peers.postJson(socket, "/echo", { a: ["é"] }, 5_000)), { a: ["é"] });
  }));

test("an answer that is not 2xx is an error with its reason", () =>
  onSocket(app, async (socket) => {
    await assert.rejects(peers.getText(socket, "/no", 5_000), /503.*no, because/);
  }));

test("a request that gets no answer is given up at its deadline", () =>
  onSocket(app, async (socket) => {
    const started = performance.now();
    await assert.rejects(peers.getText(socket, "/silent", 300));
    assert.ok(performance.now() - started < 3_000);
  }));

test("an endless answer is cut off", () =>
  onSocket(app, async (socket) => {
    await assert.rejects(peers.getText(socket, "/huge", 5_000));
  }));

test("a command asks its own agent over the socket, and gets yes or no as it is", () =>
  onSocket(app, async (socketPath) => {
    const ask = (path: string) => askSocket(socketPath, path, new AbortController().signal);
    assert.deepEqual(await ask("/yes"), { status: 200, text: "yes\n" });
    assert.deepEqual(await ask("/no"), { status: 503, text: "no, because\n" });
    const late = new AbortController();
    const silent = askSocket(socketPath, "/silent", late.signal);
    late.abort(new Error("too late"));
    await assert.rejects(silent);
    await assert.rejects(askSocket("/no/such/socket", "/yes", new AbortController().signal));
  }));

test("a second listener on one socket is an error", () =>
  onSocket(app, async (socketPath) => {
    await assert.rejects(serve(app, { socketPath }), /EADDRINUSE|in use/i);
  }));

test("a node that does not answer, or whose /status is malformed, is unreachable with a reason, never thrown", () =>
  onSocket(new Hono().get("/status", (c) => c.json({ schema: 1 })), async (socketPath) => {
    const odd = await peers.askNode(socketPath, { timeoutMs: 5_000 });
    assert.ok(odd.seen === "unreachable" && /not that of a postgres node/.test(odd.error));
    const gone = await peers.askNode("/no/such/socket", { timeoutMs: 5_000 });
    assert.equal(gone.seen, "unreachable");
  }));
