// A sleep that ends late is said, if it was late enough and not long ago.
import assert from "node:assert/strict";
import { test } from "node:test";
import { HeldUp } from "./held-up.ts";

const signal = new AbortController().signal;

test("the latest end of the last sleeps is said, from the given time on", async () => {
  let nowMs = 0;
  let lateMs = 0;
  const heldUp = new HeldUp({ nowMs: () => nowMs, sleep: (ms) => Promise.resolve(void (nowMs += ms + lateMs)) });
  await heldUp.sleep(100, signal);
  assert.equal(heldUp.text(500), "");
  lateMs = 1_234;
  await heldUp.sleep(100, signal);
  lateMs = 0;
  for (let i = 0; i < 7; i++) await heldUp.sleep(100, signal);
  assert.equal(heldUp.text(500), "; this container was held up for 1.2 s: it had too little CPU, or was paused");
  assert.equal(heldUp.text(2_000), "");
  await heldUp.sleep(100, signal);
  assert.equal(heldUp.text(500), "", "it is long ago");
});

test("a sleep that was aborted says nothing", async () => {
  let nowMs = 0;
  const aborted = AbortSignal.abort();
  const heldUp = new HeldUp({ nowMs: () => nowMs, sleep: () => Promise.resolve(void (nowMs += 5_000)) });
  await heldUp.sleep(100, aborted);
  assert.equal(heldUp.text(500), "");
});
