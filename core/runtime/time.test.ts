// Waiting: deadlines hold, an abort ends a wait at once, and the error says what was seen last. The clock is a fake.
import assert from "node:assert/strict";
import { test } from "node:test";
import { OperatorError } from "../words/errors.ts";
import {
  after,
  type Clock,
  DeadlineError,
  every,
  onAbort,
  oneAtATime,
  Pace,
  shared,
  systemClock,
  untilAborted,
  waitUntil,
  withDeadline,
} from "./time.ts";

/** A clock whose sleeps pass at once and are added up. */
function handMadeClock(): Clock & { slept: number[] } {
  let now = 1000;
  const slept: number[] = [];
  return {
    slept,
    nowMs: () => now,
    wallMs: () => 0,
    sleep: (ms) => {
      slept.push(ms);
      now += ms;
      return Promise.resolve();
    },
  };
}

test("waitUntil() returns the first value that counts as true", async () => {
  const clock = handMadeClock();
  for (const value of [7, "0", true]) {
    const answers = [null, undefined, false, "", 0, value];
    const got = await waitUntil(() => Promise.resolve(answers.shift()), { what: "it", deadlineMs: 5_000 }, { clock });
    assert.equal(got, value);
  }
  assert.deepEqual(clock.slept, Array(15).fill(250));
});

test("waitUntil() gives up at its deadline, and says what it waited for and what it saw last", async () => {
  const clock = handMadeClock();
  const wait = waitUntil(() => Promise.resolve(null), {
    what: "the moon",
    deadlineMs: 10_000,
    everyMs: 1_000,
    why: () => "clouds",
    fix: "look later",
  }, { clock });
  await assert.rejects(wait, (error: Error) => {
    assert.ok(error instanceof OperatorError);
    assert.match(error.message, /Gave up waiting for the moon after 10 s: clouds\. Fix: look later/);
    return true;
  });
  assert.equal(clock.slept.length, 10);
});

test("waitUntil() stops at once if the signal has aborted, after one last look", async () => {
  const clock = handMadeClock();
  let looks = 0;
  const wait = waitUntil(() => Promise.resolve(looks++ < 0), { what: "it", deadlineMs: 10_000 }, {
    clock,
    signal: AbortSignal.abort(),
  });
  await assert.rejects(wait, /Stopped waiting for it/);
  assert.equal(looks, 1);
});

test("waitUntil() passes on what its question throws", async () => {
  const wait = waitUntil(() => Promise.reject(new Error("no")), { what: "it", deadlineMs: 1 }, {
    clock: handMadeClock(),
  });
  await assert.rejects(wait, /^Error: no$/);
});

test("withDeadline() gives an answer that is in time, and otherwise throws DeadlineError", async () => {
  assert.equal(await withDeadline(Promise.resolve(5), 10_000, "It"), 5);
  await assert.rejects(withDeadline(Promise.reject(new Error("x")), 10_000, "It"), /^Error: x$/);
  await assert.rejects(withDeadline(new Promise(() => {}), 5, "The node"), (error: Error) => {
    return error instanceof DeadlineError && error.message === "The node did not answer within 5 ms";
  });
});

test("withDeadline() ignores a later failure of the abandoned work", async () => {
  const late = new Promise<never>((_, reject) => after(15, () => reject(new Error("late"))));
  await assert.rejects(withDeadline(late, 1, "It"), DeadlineError);
  await systemClock.sleep(30);
});

test("every() goes on after an error and ends with the signal", async () => {
  const clock = handMadeClock();
  const stop = new AbortController();
  const errors: unknown[] = [];
  let steps = 0;
  await every(100, () => {
    if (++steps === 4) stop.abort();
    return steps === 2 ? Promise.reject(new Error("once")) : Promise.resolve();
  }, { clock, signal: stop.signal, onError: (error) => errors.push(error) });
  assert.equal(steps, 4);
  assert.equal(errors.length, 1);
});

test("a sleep ends at once when its signal aborts, before or during it", async () => {
  await systemClock.sleep(60_000, AbortSignal.abort());
  const stop = new AbortController();
  const sleeping = systemClock.sleep(60_000, stop.signal);
  stop.abort();
  await sleeping;
});

test("a sleep longer than the platform's timers does not end at once", async () => {
  const stop = new AbortController();
  const long = systemClock.sleep(2 ** 31 + 1000, stop.signal).then(() => "ended");
  assert.equal(await Promise.race([long, systemClock.sleep(30).then(() => "sleeping")]), "sleeping");
  stop.abort();
  await long;
});

test("after() can be cancelled", async () => {
  let called = false;
  after(1, () => called = true)();
  await systemClock.sleep(10);
  assert.equal(called, false);
});

test("a signal that has aborted already is not waited for", async () => {
  let called = 0;
  onAbort(AbortSignal.abort(), () => called++);
  assert.equal(called, 1);
  await withDeadline(untilAborted(AbortSignal.abort()), 1_000, "untilAborted()");
  const stop = new AbortController();
  const forget = onAbort(stop.signal, () => called++);
  onAbort(stop.signal, () => called += 10);
  forget();
  stop.abort();
  assert.equal(called, 11);
});

test("oneAtATime() runs a step after each call, never two at once, and shares the next one", async () => {
  const ends: (() => void)[] = [];
  let at = 0;
  const step = oneAtATime(() => {
    assert.equal(++at, 1, "two at once");
    return new Promise<void>((resolve, reject) =>
      ends.push(() => (at--, ends.length === 2 ? reject(new Error("no")) : resolve()))
    );
  });
  const turn = () => systemClock.sleep(1);
  const first = step();
  await turn();
  const [second, third] = [step(), step()];
  second.catch(() => {});
  assert.equal(second, third);
  ends[0]!();
  await first;
  await turn();
  assert.equal(ends.length, 2);
  ends[1]!();
  await assert.rejects(second, /no/);
  const fourth = step();
  await turn();
  ends[2]!();
  await fourth;
  assert.equal(ends.length, 3);
});

test("shared() makes one answer for all who ask at the same time, and the next one later; a failure is for those who asked", async () => {
  let made = 0;
  const ask = shared(() => Promise.resolve().then(() => made++ === 1 ? Promise.reject(new Error("no")) : made), 1);
  assert.deepEqual(await Promise.all([ask(), ask()]), [1, 1]);
  await systemClock.sleep(50); // its timer is due before, on the same thread
  const [second, third] = [ask(), ask()];
  await assert.rejects(second, /no/);
  await assert.rejects(third, /no/);
  assert.equal(await ask(), 3);
});

test("Pace: work is due once in each interval, and is not saved up", () => {
  let now = 1_000;
  const clock = { nowMs: () => now };
  const [atOnce, later] = [new Pace(clock, 10, "now"), new Pace(clock, 10, "later")];
  const due = (ms: number) => {
    now = ms;
    return [atOnce.due(), later.due()];
  };
  assert.deepEqual(due(1_000), [true, false]);
  assert.deepEqual(due(1_009), [false, false]);
  assert.deepEqual(due(1_010), [true, true]);
  assert.deepEqual(due(1_100), [true, true]);
  assert.deepEqual(due(1_101), [false, false]);
});
