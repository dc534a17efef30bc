// Tests of the ping against small servers: one that answers, one that is silent like a frozen one, and none at all.
import assert from "node:assert/strict";
import { createServer, type Server, type Socket } from "node:net";
import { test } from "node:test";
import { postgresAnswers } from "./postgres-ping.ts";

async function serving(onConnection: (socket: Socket) => void): Promise<{ port: number; server: Server }> {
  const server = createServer((socket) => {
    socket.on("error", () => {}); // the client hangs up, which is not a failure here
    onConnection(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  assert.ok(address !== null && typeof address === "object");
  return { port: address.port, server };
}

async function ping(onConnection: (socket: Socket) => void): Promise<boolean> {
  const { port, server } = await serving(onConnection);
  try {
    return await postgresAnswers("127.0.0.1", port, 300);
  } finally {
    server.close();
  }
}

test("a server that answers the SSL request is there", async () => {
  assert.equal(await ping((s) => s.once("data", (d) => s.end(d.length === 8 && d[7] === 47 ? "N" : "?"))), true);
});

test("a server that accepts and says nothing is not there", async () => {
  assert.equal(await ping((s) => void s.resume()), false);
});

test("a server that is not PostgreSQL does not count as an answer", async () => {
  assert.equal(await ping((s) => s.once("data", () => s.end("HTTP/1.1 400 Bad Request\r\n"))), false);
});

test("a port on which nothing listens does not count as an answer", async () => {
  const { port, server } = await serving(() => {});
  await new Promise((resolve) => server.close(resolve));
  assert.equal(await postgresAnswers("127.0.0.1", port, 300), false);
});
