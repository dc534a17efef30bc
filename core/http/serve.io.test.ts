// The listener on a real port, and what is not polite: it costs a bounded amount, and what has shown the key does not wait for it.
import assert from "node:assert/strict";
import { connect, type Socket } from "node:net";
import { test } from "node:test";
import { Hono } from "hono";
import { controlHeaders } from "../protocol/signing.ts";
import { systemClock, waitUntil } from "../runtime/time.ts";
import type { Patience } from "./connection.ts";
import { mostOfOne } from "./decide/crowd.ts";
import { serve } from "./serve.ts";

/** On addresses of their own, so that nothing else has the port. */
const at = { host: "127.0.74.1", port: 18_474 };
const stranger = "127.0.74.2";

const handled: string[] = [];
const busyMs = 10;
let onBusy = () => {};
const app = new Hono()
  .get("/", (c) => {
    handled.push("/");
    return c.text("yes\n", 200, { connection: "close" });
  })
  .get("/busy", (c) => {
    handled.push("/busy");
    const end = systemClock.nowMs() + busyMs;
    while (systemClock.nowMs() < end) { /* it keeps the thread */ }
    onBusy();
    return c.text("at last\n");
  })
  .get("/large", (c) => c.text("x".repeat(8_000_000)))
  .post("/again", (c) => c.text("as before", 200, { [controlHeaders.signature]: "x", [controlHeaders.repeated]: "1" }))
  .post("/signed", async (c) => {
    handled.push("/signed");
    return c.text(await c.req.text(), 200, { [controlHeaders.signature]: "genuine" });
  });

interface Line {
  socket: Socket;
  said: () => string;
  ended: () => boolean;
}

/** A connection from an address of this machine, which sends that at once. */
function line(text: string, localAddress = "127.0.74.9"): Line {
  let [said, ended] = ["", false];
  const socket = connect({ ...at, localAddress }, () => socket.write(text));
  socket.on("data", (piece) => said += piece.toString("latin1"));
  socket.on("error", () => {}); // it is closed then
  socket.on("close", () => ended = true);
  return { socket, said: () => said, ended: () => ended };
}

const until = (what: string, ready: () => boolean) =>
  waitUntil(() => Promise.resolve(ready()), { what, deadlineMs: 20_000, everyMs: 5 }, { clock: systemClock });

async function serving(work: () => Promise<void>, patience?: Patience): Promise<void> {
  handled.splice(0);
  const listener = await serve(app, at, undefined, patience);
  try {
    await work();
  } finally {
    listener.close();
  }
}

const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`;
const post = (body: string, headers = "") =>
  `POST /signed HTTP/1.1\r\nHost: x\r\n${headers}Content-Length: ${body.length}\r\n\r\n${body}`;

test("of many requests on one connection the first is answered, and no other is even looked at", () =>
  serving(async () => {
    const many = line(get("/").repeat(5_000));
    await until("its end", many.ended);
    assert.match(
      many.said(),
      /^HTTP\/1\.1 200 OK\r\ndate: \w+, \d+ \w+ 20\d\d [\d:]+ GMT\r\n[^]*content-length: 4\r\nconnection: close\r\n\r\nyes\n$/,
    );
    assert.deepEqual(handled, ["/"]);
  }));

test("a connection that has shown the key is kept for its next request, of whatever pieces", () =>
  serving(async () => {
    const peer = line(post("one"));
    await until("the first answer", () => peer.said().endsWith("one"));
    for (const piece of post("two").match(/[^]{1,9}/g)!) {
      peer.socket.write(piece);
      await systemClock.sleep(1);
    }
    await until("the second answer", () => peer.said().endsWith("two"));
    assert.equal(peer.ended(), false);
    peer.socket.destroy();
  }));

test("a connection that got an answer once more has shown nothing, and waits no longer than a stranger's", () =>
  serving(async () => {
    const copied = line(post("x").replace("/signed", "/again"));
    const peer = line(post("one"));
    await until("both answers", () => copied.said().endsWith("as before") && peer.said().endsWith("one"));
    await until("its end", copied.ended);
    assert.equal(peer.ended(), false);
    peer.socket.destroy();
  }, { readMs: 200, writeMs: 1_000 }));

test("what is too long, malformed or of unknown length is refused with the reason, while more of it comes", () =>
  serving(async () => {
    const refused = async (text: string, status: number, why: RegExp) => {
      const sent = line(text);
      await until("its end", sent.ended);
      assert.match(sent.said(), new RegExp(`^HTTP/1.1 ${status} `));
      assert.match(sent.said(), why);
    };
    await refused(post("x".repeat(200_000)), 413, /over 64 kB/);
    await refused(`GET / HTTP/1.1\r\nx: ${"a".repeat(100_000)}`, 431, /over 16 kB/);
    await refused(`POST /signed HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n`, 411, /Content-Length/);
    await refused(`SSH-2.0-scanner\r\n\r\n`, 400, /malformed/);
    const handshake = line("\x16\x03\x01\r\n\r\n");
    await until("the end of a handshake where there is nothing to show", handshake.ended);
    assert.equal(handshake.said(), "");
    assert.deepEqual(handled, []);
  }));

test("a request that does not become complete, and an answer that is not taken, end their connections", () =>
  serving(async () => {
    const slow = [line(""), line("GET / HTTP/1.1\r\n"), line(post("x".repeat(100)).slice(0, -1))];
    const deaf = line(get("/large"));
    deaf.socket.pause();
    await until("the slow to be ended", () => slow.every(({ ended }) => ended()));
    assert.deepEqual([slow.map(({ said }) => said()), handled], [["", "", ""], []]);
    await until("the answer to be begun", () => deaf.socket.readableLength > 0 || deaf.said() !== "");
    await systemClock.sleep(2_000); // its deadline comes before, on the same thread
    deaf.socket.resume();
    await until("the deaf one to be ended", deaf.ended);
    assert.ok(deaf.said().length < 8_000_000);
  }, { readMs: 300, writeMs: 300 }));

test("one address has so many connections and no more; the newest is answered, and so is another address", () =>
  serving(async () => {
    const idle = Array.from({ length: mostOfOne + 8 }, () => line("", stranger));
    await until("the oldest to leave", () => idle.filter(({ ended }) => ended()).length === 8);
    for (const address of [stranger, "127.0.74.3"]) {
      const asked = line(get("/"), address);
      await until(`the answer to ${address}`, () => asked.said().endsWith("yes\n"));
    }
    for (const { socket } of idle) socket.destroy();
  }));

test("what has shown the key does not wait behind all that strangers have asked", () =>
  serving(async () => {
    const peer = line(post("one"));
    await until("the first answer", () => peer.said().endsWith("one"));
    const addresses = [stranger, "127.0.74.3", "127.0.74.4"];
    const strangers = addresses.flatMap((a) => Array.from({ length: mostOfOne - 2 }, () => line(get("/busy"), a)));
    onBusy = () => {
      onBusy = () => {};
      peer.socket.write(post("two"));
    };
    await until("the second answer", () => peer.said().endsWith("two"));
    const before = handled.lastIndexOf("/signed") - 1;
    assert.ok(before < strangers.length * 0.75, `${before} of ${strangers.length} others came first`);
    for (const { socket } of [peer, ...strangers]) socket.destroy();
  }));
