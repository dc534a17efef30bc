// Followers of the page over real connections: one that goes away without a word makes room for another.
import assert from "node:assert/strict";
import { mkdtemp } from "node:fs/promises";
import { type ClientRequest, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { Hono } from "hono";
import { remove } from "../runtime/files.ts";
import { systemClock, waitUntil } from "../runtime/time.ts";
import { addPage, mostFollowers } from "./page.ts";
import { serve } from "./serve.ts";

/** Asks for the events; resolves with the status and the first event. */
function follow(socketPath: string): Promise<{ status: number; said: string; asked: ClientRequest }> {
  return new Promise((resolve, reject) => {
    const asked = request({ socketPath, path: "/live", agent: false }, (answer) => {
      answer.setEncoding("utf8");
      answer.once("data", (said: string) => resolve({ status: answer.statusCode!, said, asked }));
      answer.on("error", () => {}); // it is cut off below
    });
    asked.on("error", reject);
    asked.end();
  });
}

test("a follower whose connection breaks makes room for another", async () => {
  const directory = await mkdtemp(join(tmpdir(), "postdock-page-"));
  const socketPath = join(directory, "agent.sock");
  const app = new Hono();
  let looks = 0;
  addPage(
    app,
    { page: () => Promise.resolve(""), parts: () => Promise.resolve({ a: `${looks++}` }), policy: "" },
    () => null,
  );
  const listener = await serve(app, { socketPath }, 0o660);
  try {
    const followers = await Promise.all(Array.from({ length: mostFollowers }, () => follow(socketPath)));
    assert.match(followers[0]!.said, /^data: \{"a":"\d+"\}\n\n$/);
    const refused = await follow(socketPath);
    assert.equal(refused.status, 503);
    for (const { asked } of followers) asked.on("error", () => {}).destroy();
    const again = await waitUntil(
      async () => {
        const next = await follow(socketPath);
        return next.status === 200 && next;
      },
      { what: "room for another follower", deadlineMs: 10_000 },
      { clock: systemClock },
    );
    again.asked.on("error", () => {}).destroy();
  } finally {
    listener.close();
    await remove(directory);
  }
});
