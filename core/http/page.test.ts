// The page and its events over HTTP: who may look, what an event holds, and that followers are bounded and leave nothing.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Hono } from "hono";
import { addPage, mostFollowers, type Page } from "./page.ts";

function appOf(
  parts: () => Promise<Readonly<Record<string, string>>>,
  refuse: Parameters<typeof addPage>[2] = () => null,
) {
  const page: Page = { page: () => Promise.resolve("<!doctype html>"), parts, policy: "default-src 'none'" };
  const app = new Hono();
  addPage(app, page, refuse);
  return app;
}

async function follow(app: Hono) {
  const answer = await app.request("/live");
  const reader = answer.body!.getReader();
  const next = async () => {
    const { value } = await reader.read();
    return JSON.parse(new TextDecoder().decode(value).replace(/^data: /, ""));
  };
  return { answer, next, leave: () => reader.cancel() };
}

test("the page has a policy, is not kept, and is shown only to those who may look", async () => {
  const answer = await appOf(() => Promise.resolve({})).request("/");
  assert.equal(answer.status, 200);
  assert.match(answer.headers.get("content-type")!, /text\/html/);
  assert.equal(answer.headers.get("content-security-policy"), "default-src 'none'");
  assert.equal(answer.headers.get("cache-control"), "no-store");
  const closed = appOf(() => Promise.resolve({}), (c) => c.text("no\n", 401));
  for (const path of ["/", "/live"]) assert.equal((await closed.request(path)).status, 401, path);
});

test("the first event holds every part, and each later one only what has changed", async () => {
  let look = 0;
  const app = appOf(() => Promise.resolve(++look < 3 ? { a: "1", b: "2" } : { a: "1", b: "3" }));
  const { answer, next, leave } = await follow(app);
  assert.match(answer.headers.get("content-type")!, /text\/event-stream/);
  assert.deepEqual(await next(), { a: "1", b: "2" });
  assert.deepEqual(await next(), { b: "3" });
  assert.equal(look, 3);
  await leave();
});

test("so many may follow and no more; each that leaves makes room, and nothing is looked for after that", async () => {
  let looks = 0;
  const app = appOf(() => Promise.resolve({ a: String(looks++) }));
  const followers = await Promise.all(Array.from({ length: mostFollowers }, () => follow(app)));
  assert.equal((await app.request("/live")).status, 503);
  await followers[0]!.leave();
  const again = await follow(app);
  assert.equal(again.answer.status, 200);
  assert.equal(looks, 0, "nobody has read yet");
  for (const { leave } of [...followers.slice(1), again]) await leave();
  assert.equal(looks, 0);
});

test("a look that fails ends the stream, so that the reader tries again", async () => {
  const app = appOf(() => Promise.reject(new Error("no")));
  const { next } = await follow(app);
  await assert.rejects(next(), /no/);
  assert.equal((await app.request("/live")).status, 200);
});
