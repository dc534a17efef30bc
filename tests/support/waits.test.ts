import assert from "node:assert/strict";
import { test } from "node:test";
import { staysTrueFor } from "./waits.ts";

/** A clock that only a sleep moves, and the times at which something looked at it. */
function fakeClock() {
  let nowMs = 0;
  const looks: number[] = [];
  const sleep = (ms: number) => Promise.resolve(void (nowMs += ms));
  const clock = { nowMs: () => nowMs, wallMs: () => nowMs, sleep };
  return {
    clock,
    looks,
    look: (holds: (ms: number) => boolean) => () => Promise.resolve(looks.push(nowMs) > 0 && holds(nowMs)),
  };
}

test("staysTrueFor() looks from the beginning to the very end, at the given pace", async () => {
  const { clock, looks, look } = fakeClock();
  await staysTrueFor(1_000, look(() => true), { what: "peace", everyMs: 300 }, clock);
  assert.deepEqual(looks, [0, 300, 600, 900, 1_000]);
});

test("something that stops being true, even at the last look, is an error that says what and when", async () => {
  for (const end of [0, 600, 1_000]) {
    const { clock, looks, look } = fakeClock();
    const wait = staysTrueFor(1_000, look((ms) => ms < end), { what: "peace", everyMs: 200, why: () => "war" }, clock);
    await assert.rejects(wait, new RegExp(`No longer true after ${end} ms: peace; war`));
    assert.equal(looks.at(-1), end);
  }
});
