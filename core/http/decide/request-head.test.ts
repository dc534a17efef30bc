import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { longestBody, longestHead, readHead } from "./request-head.ts";

const read = (text: string) => readHead(Buffer.from(text, "latin1"));
const statusOf = (text: string) => {
  const said = read(text);
  return said !== null && "status" in said ? said.status : said;
};

test("readHead() reads what the containers, probes and people send", () => {
  assert.deepEqual(read("GET /status?fresh=1 HTTP/1.1\r\nHost: pg1:8080\r\nAccept:*/* \r\n\r\nGET /"), {
    method: "GET",
    target: "/status?fresh=1",
    headers: [["host", "pg1:8080"], ["accept", "*/*"]],
    bodyBytes: 0,
    keepAlive: true,
    bytes: 61,
  });
  const posted = read("POST /control/lease HTTP/1.1\r\nContent-Length: 12\r\nConnection: Keep-Alive, Close\r\n\r\n");
  assert.ok(posted !== null && "bodyBytes" in posted);
  assert.deepEqual([posted.bodyBytes, posted.keepAlive], [12, false]);
  const old = read("OPTIONS / HTTP/1.0\r\n\r\n");
  assert.ok(old !== null && "bodyBytes" in old && !old.keepAlive, "HAProxy's check");
});

test("readHead() waits for the empty line, but not for ever", () => {
  assert.equal(read(""), null);
  assert.equal(read("GET / HTTP/1.1\r\nHost: x\r\n"), null);
  const head = `GET / HTTP/1.1\r\nx: ${"a".repeat(longestHead)}`;
  assert.equal(read(head.slice(0, longestHead - 1)), null);
  assert.equal(statusOf(head), 431);
  assert.equal(statusOf(head + "\r\n\r\n"), 431);
});

test("readHead() refuses bodies without a length, with more than one, or too long", () => {
  const post = (...headers: string[]) => statusOf(["POST / HTTP/1.1", ...headers, "", ""].join("\r\n"));
  assert.equal(post("transfer-encoding: chunked"), 411);
  assert.equal(post(`content-length: ${longestBody + 1}`), 413);
  for (const bad of ["-1", "1.5", "0x10", "1e3", "", "5, 5", "9".repeat(30)]) {
    assert.equal(post(`content-length: ${bad}`), 400, bad);
  }
  assert.equal(post("content-length: 5", "content-length: 5"), 400);
  assert.ok(read(`POST / HTTP/1.1\r\ncontent-length: ${longestBody}\r\n\r\n`));
});

test("readHead() refuses what is not HTTP/1", () => {
  for (
    const bad of [
      "\x16\x03\x01",
      "GET http://other/ HTTP/1.1",
      "GET  / HTTP/1.1",
      "get / HTTP/1.1",
      "GET /a b HTTP/1.1",
      "GET / HTTP/2.0",
      "PRI * HTTP/2.0",
      "GET / HTTP/1.1\r\nno colon",
      "GET / HTTP/1.1\r\nname : value",
      "GET / HTTP/1.1\r\n folded: x",
      "GET / HTTP/1.1\r\nx: a\nb: c",
      "GET / HTTP/1.1\r\nx: a\0b",
    ]
  ) {
    assert.equal(statusOf(`${bad}\r\n\r\n`), 400, JSON.stringify(bad));
  }
});

test("whatever comes, and in whatever pieces, is a head, a refusal, or not yet complete", () => {
  const word = fc.string({ maxLength: 20 });
  const head = fc.tuple(fc.constantFrom("GET", "POST"), word, fc.array(fc.tuple(word, word), { maxLength: 4 })).map(
    ([method, path, headers]) =>
      `${method} /${path} HTTP/1.1\r\n${headers.map(([n, v]) => `${n}: ${v}\r\n`).join("")}\r\n`,
  );
  fc.assert(fc.property(fc.oneof(head, fc.string({ unit: "binary" })), fc.nat(), (text, at) => {
    const bytes = Buffer.from(text);
    const first = readHead(bytes.subarray(0, at % (bytes.length + 1)));
    if (first !== null) assert.deepEqual(first, readHead(bytes));
  }));
});
