// The receiver that the docs print takes what a container sends, once, and refuses what is forged or old.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createServer } from "node:net";
import { test } from "node:test";
import { eventVariables } from "../../config/events.ts";
import { readConfig } from "../../config/env.ts";
import { eventSignature } from "../../core/protocol/event-message.ts";
import { createLog } from "../../core/runtime/log.ts";
import { notifier } from "../../core/runtime/notifier.ts";
import { systemClock, waitUntil } from "../../core/runtime/time.ts";
import { receiverScript } from "./event-receiver.ts";

const key = "a-key-of-16-characters";

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

test("the receiver of docs/being-told.md verifies the signature", async () => {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}/`;
  const child = spawn("python3", ["-c", await receiverScript()], {
    env: { PATH: process.env.PATH, ON_EVENT_SECRET: key, PORT: String(port) },
    stdio: ["ignore", "pipe", "inherit"],
  });
  let printed = "";
  child.stdout.on("data", (chunk) => printed += chunk);
  const deps = { clock: systemClock };
  const post = (body: string, signature?: string) =>
    fetch(url, { method: "POST", body, headers: signature ? { "x-postdock-signature": signature } : {} })
      .then((answer) => answer.status, () => null);
  try {
    await waitUntil(
      async () => await post("{}") !== null,
      { what: "the receiver", deadlineMs: 10_000, everyMs: 50 },
      deps,
    );
    const read = readConfig(eventVariables, {
      environment: { ON_EVENT_URL: url, ON_EVENT_SECRET: key },
      readFile: () => "",
    });
    assert.ok(read.ok);
    const log = createLog({ level: "ERROR", write: () => {}, wallMs: () => 0 });
    const { hear } = notifier({ ...read.config, networkName: null }, {
      clock: systemClock,
      log,
      container: "pgslave1",
      newId: () => "1",
    });
    hear({ event: "Promoted", time: "t", level: "info", fields: () => ({ because: "é" }) });
    const arrived = () => Promise.resolve(log.counts().some((c) => c.event === "An event was sent"));
    await waitUntil(arrived, { what: "the event", deadlineMs: 5_000, everyMs: 20 }, deps);

    const nowSeconds = Math.floor(Date.now() / 1000);
    const body = JSON.stringify({ id: "1", kind: "promotion", container: "pgslave1", event: "Promoted" });
    assert.equal(await post(body, eventSignature(key, nowSeconds, body)), 204, "a repetition is taken, and dropped");
    assert.equal(await post(body), 403, "unsigned");
    assert.equal(await post(body, eventSignature("another key 123456", nowSeconds, body)), 403, "forged");
    assert.equal(await post(body.replace("1", "2"), eventSignature(key, nowSeconds, body)), 403, "changed");
    assert.equal(await post(body, eventSignature(key, nowSeconds - 3_600, body)), 403, "old");
    assert.equal(printed, "promotion pgslave1 Promoted\n");
  } finally {
    child.kill();
  }
});
