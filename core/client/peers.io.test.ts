// Asking agents over the network: connections are kept, and a connection that the other side has closed is not a failure.
import assert from "node:assert/strict";
import { createServer, type Server } from "node:http";
import type { Socket } from "node:net";
import { test } from "node:test";
import { defaultHttpPort } from "../../config/http-port.ts";
import { Peers } from "./peers.ts";
import { systemClock } from "../runtime/time.ts";

/** On an address of its own, so that nothing else has the port. */
const host = "127.0.71.1";

async function listening(server: Server): Promise<void> {
  await new Promise<void>((resolve, reject) => server.once("error", reject).listen(defaultHttpPort, host, resolve));
}

const peers = new Peers(systemClock, defaultHttpPort);
const getText = peers.getText.bind(peers);

test("requests share a connection; the first one after a restart of the other side is answered too", async () => {
  const sockets = new Set<Socket>();
  const make = () => createServer((_, res) => res.end("yes")).on("connection", (socket) => sockets.add(socket));
  const first = make();
  await listening(first);
  for (let i = 0; i < 5; i++) assert.equal(await getText(host, "/", 2_000), "yes");
  assert.equal(sockets.size, 1);
  const closed = new Promise((resolve) => first.close(resolve));
  for (const socket of sockets) socket.destroy();
  await closed;
  const second = make();
  await listening(second);
  assert.equal(await getText(host, "/", 2_000), "yes");
  assert.equal(sockets.size, 2);
  second.closeAllConnections();
  await new Promise((resolve) => second.close(resolve));
});

test("a request whose connection breaks is sent once more, on a new one", async () => {
  let connections = 0;
  let requests = 0;
  const server = createServer((req, res) => {
    requests++;
    if (requests === 2) req.socket.destroy();
    else res.end("yes");
  }).on("connection", () => connections++);
  await listening(server);
  assert.equal(await getText(host, "/", 2_000), "yes");
  assert.equal(await getText(host, "/", 2_000), "yes");
  assert.deepEqual([connections, requests], [2, 3]);
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

test("a port on which nothing listens is an error, and asked once", async () => {
  await assert.rejects(getText("127.0.71.2", "/", 2_000), (error: Error) => error.name !== "KeptConnectionError");
});
