// ON_EVENT with a real receiver and a real command: what arrives, its signature, and that nothing waits for either.
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { chmod, mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { eventVariables } from "../../config/events.ts";
import { readConfig } from "../../config/env.ts";
import { eventSignature } from "../protocol/event-message.ts";
import { createLog, type Listener } from "./log.ts";
import { notifier } from "./notifier.ts";
import { FakeClock } from "../../tests/support/fake-clock.ts";
import { type Clock, systemClock, waitUntil } from "./time.ts";

const servers: Server[] = [];
after(() => servers.forEach((s) => s.close()));

async function receiver(status: () => number = () => 200) {
  const got: { headers: IncomingHttpHeaders; body: string; url: string }[] = [];
  const server = createServer((req, res) => {
    let body = "";
    req.on("data", (chunk) => body += chunk);
    req.on("end", () => {
      got.push({ headers: req.headers, body, url: req.url! });
      res.writeHead(status(), { location: "/elsewhere" }).end("thanks");
    });
  });
  servers.push(server);
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  return { got, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook` };
}

function logging(environment: Record<string, string>, clock: Clock = systemClock) {
  const read = readConfig(eventVariables, { environment, readFile: () => "" });
  assert.ok(read.ok, JSON.stringify(read));
  const lines: Record<string, unknown>[] = [];
  let sender: Listener | null = null;
  const log = createLog({
    level: "WARNING",
    secrets: ["hushhush"],
    write: (line) => lines.push(JSON.parse(line)),
    wallMs: () => 0,
    listener: { hear: (heard) => sender?.hear(heard), idle: () => Promise.resolve() },
  });
  const events = () => log.counts().map((c) => c.event);
  sender = notifier({ ...read.config, networkName: null }, {
    clock,
    log,
    container: "c1",
    newId: () => "id1",
  });
  return { log: log.with({ node: "pg1" }), lines, events };
}

const until = (what: string, ready: () => boolean) =>
  waitUntil(() => Promise.resolve(ready()), { what, deadlineMs: 5_000, everyMs: 10 }, { clock: systemClock });

test("an event below the log's level arrives as the line of the log, signed, without secrets", async () => {
  const { got, url } = await receiver();
  const { log, lines, events } = logging({ ON_EVENT_URL: url, ON_EVENT_SECRET: "a-key-of-16-characters" });
  log.info("Role observed", { role: "primary" });
  log.info("Promoted", { because: "pg2 said hushhush", timeline: 2 });
  await until("the event", () => events().includes("An event was sent"));
  assert.equal(got.length, 1);
  const [{ headers, body, url: path }] = got as [typeof got[number]];
  assert.equal(path, "/hook");
  assert.equal(headers["content-type"], "application/json");
  assert.deepEqual(JSON.parse(body), {
    id: "id1",
    kind: "promotion",
    container: "c1",
    time: "1970-01-01T00:00:00.000Z",
    level: "info",
    event: "Promoted",
    node: "pg1",
    because: "pg2 said ***",
    timeline: 2,
  });
  const [, at, mac] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(String(headers["x-postdock-signature"]))!;
  assert.equal(mac, createHmac("sha256", "a-key-of-16-characters").update(`${at}.${body}`).digest("hex"));
  assert.ok(Math.abs(Number(at) - Date.now() / 1000) < 60);
  assert.equal(`t=${at},v1=${mac}`, eventSignature("a-key-of-16-characters", Number(at), body));
  assert.deepEqual(lines, [], "nothing at WARNING");
});

test("a receiver that fails is asked again; a redirection is not followed", async () => {
  let asked = 0;
  const { got, url } = await receiver(() => asked++ === 0 ? 302 : 204);
  const { log, lines, events } = logging({ ON_EVENT_URL: url });
  log.info("Promoted", { because: "c" });
  await until("the second attempt", () => events().includes("An event was sent"));
  assert.deepEqual(got.map((g) => g.url), ["/hook", "/hook"]);
  assert.equal(got[0]!.headers["x-postdock-signature"], undefined);
  assert.deepEqual(lines.map((l) => [l.event, l.why]), [["An event could not be sent; it is tried again", "HTTP 302"]]);
});

test("ON_EVENT_KINDS leaves out the rest", async () => {
  const { got, url } = await receiver();
  const { log, events } = logging({ ON_EVENT_URL: url, ON_EVENT_KINDS: "fence, drill" });
  log.info("Promoted", { term: 1 });
  log.warn("Fenced", { because: "c" });
  await until("the event", () => events().includes("An event was sent"));
  assert.deepEqual(got.map((g) => JSON.parse(g.body).kind), ["fence"]);
});

test("that no primary is in sight arrives once, if it lasts, and then that one is again", async () => {
  const { got, url } = await receiver();
  const clock = new FakeClock();
  const { log } = logging({ ON_EVENT_URL: url }, clock);
  const away = () => log.warn("No primary in sight", { because: "pg1 does not answer" });
  log.info("Primary in sight", { host: "pg1" });
  away();
  await clock.pass(9_000);
  log.info("Following another primary", { to: "pg2" });
  await clock.pass(9_000);
  away(); // an ordinary failover is over; this one lasts
  await clock.pass(6_000);
  away();
  await clock.pass(4_000);
  log.info("Primary in sight again", { host: "pg2" });
  log.info("Primary in sight", { host: "pg2" });
  log.warn("Fenced", { because: "the last event" });
  const sent = () => got.map((g) => JSON.parse(g.body).event);
  await until("the last event", () => sent().includes("Fenced"));
  assert.deepEqual(sent(), ["No primary in sight", "Primary in sight again", "Fenced"]);
});

test("a command gets the event on its standard input and none of our variables; what it prints is logged", async () => {
  const directory = await mkdtemp(join(tmpdir(), "postdock-event-"));
  await chmod(directory, 0o777); // root's commands run as postgres
  const file = join(directory, "got");
  const argv = ["/bin/sh", "-c", `set -e; cat > "$0"; env >> "$0"; echo done`, file];
  process.env.SOME_PASSWORD = "leaks";
  const { log, events } = logging({ ON_EVENT_COMMAND: JSON.stringify(argv) });
  log.error("Base backup failed", { host: "pg1", because: "full" });
  await until("the command", () => events().includes("An event was sent"));
  const [line, ...env] = (await readFile(file, "utf8")).trim().split("\n");
  assert.equal(JSON.parse(line!).because, "full");
  assert.ok(!env.join().includes("leaks") && !env.join().includes("ON_EVENT"));
  await rm(directory, { recursive: true });
});

test("a command that fails is not repeated, and nothing waits for one that hangs", async () => {
  const failing = logging({ ON_EVENT_COMMAND: "/bin/false" });
  failing.log.info("Promoted", { because: "c" });
  await until("its end", () => failing.events().includes("An event was given up: it could not be sent"));
  assert.match(String(failing.lines[0]!.why), /\/bin\/false exited with 1/);
  const missing = logging({ ON_EVENT_COMMAND: "/no/such/program" });
  missing.log.info("Promoted", { because: "c" });
  await until("its end", () => missing.events().includes("An event was given up: it could not be sent"));
  const hanging = logging({ ON_EVENT_COMMAND: "/bin/sleep 2" });
  const since = performance.now();
  hanging.log.info("Promoted", { because: "c" });
  assert.ok(performance.now() - since < 500, "logging it returned at once");
});
