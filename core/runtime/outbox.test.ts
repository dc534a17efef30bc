// Events that wait to be sent: in order, again after growing pauses, a bounded number of times and in a bounded queue.
import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock } from "../../tests/support/fake-clock.ts";
import type { EventMessage } from "../protocol/event-message.ts";
import { createLog } from "./log.ts";
import { mostWaiting, Outbox } from "./outbox.ts";

const message = (id: string): EventMessage => ({
  id,
  kind: "promotion",
  container: "pg1",
  time: "t",
  level: "info",
  event: "Promoted",
  fields: {},
});

/** A receiver that takes what `takes` lets pass. */
function outbox(takes: (nowMs: number) => boolean, attempts = 11) {
  const clock = new FakeClock();
  const since = clock.nowMs();
  const lines: { event: string; level: string; why?: string; attempt?: number }[] = [];
  const log = createLog({ level: "INFO", write: (line) => lines.push(JSON.parse(line)), wallMs: () => 0 });
  const asked: [string, number][] = [];
  const send = ({ id }: EventMessage) => {
    asked.push([id, clock.nowMs() - since]);
    return takes(clock.nowMs() - since) ? Promise.resolve() : Promise.reject(new Error("HTTP 503"));
  };
  return { clock, lines, asked, box: new Outbox({ by: "ON_EVENT_URL", attempts, send }, { clock, log }) };
}

test("events arrive in order, each once", async () => {
  const { asked, box, lines } = outbox(() => true);
  for (const id of ["a", "b", "c"]) box.put(message(id));
  await box.idle();
  assert.deepEqual(asked.map(([id]) => id), ["a", "b", "c"]);
  assert.deepEqual(lines.map((l) => l.event), Array(3).fill("An event was sent"));
});

test("what fails is sent again after 1, 2, 4 … 60 s under the same id, and the log says so once", async () => {
  const { asked, box, clock, lines } = outbox((now) => now >= 100_000);
  box.put(message("a"));
  box.put(message("b"));
  await clock.pass(300_000);
  assert.deepEqual(asked.map(([, ms]) => ms / 1000), [0, 1, 3, 7, 15, 31, 63, 123, 123]);
  assert.deepEqual(asked.map(([id]) => id).join(""), "aaaaaaaab");
  assert.deepEqual(lines.map((l) => l.event), [
    "An event could not be sent; it is tried again",
    "An event was sent",
    "An event was sent",
  ]);
});

test("an event is given up after so many attempts, counted as an error, and the next one has its own", async () => {
  const { asked, box, clock, lines } = outbox(() => false, 3);
  box.put(message("a"));
  box.put(message("b"));
  await clock.pass(60_000);
  assert.equal(asked.map(([id]) => id).join(""), "aaabbb");
  const given = lines.filter((l) => l.event === "An event was given up: it could not be sent");
  assert.deepEqual(given.map((l) => [l.level, l.attempt, l.why]), [["error", 3, "HTTP 503"], ["error", 3, "HTTP 503"]]);
});

test("while the receiver is away the oldest of too many events give way, each with a line", async () => {
  const { asked, box, clock, lines } = outbox((now) => now >= 1_000);
  for (let i = 0; i < mostWaiting + 6; i++) box.put(message(String(i)));
  assert.equal(lines.filter((l) => l.event === "An event was dropped: too many wait to be sent").length, 5);
  await clock.pass(2_000);
  const arrived = asked.slice(1).map(([id]) => Number(id)); // the first one was on its way
  assert.deepEqual(arrived, [0, ...Array.from({ length: mostWaiting }, (_, i) => i + 6)]);
});
