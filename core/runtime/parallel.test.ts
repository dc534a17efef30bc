// Work on many things: bounded, and nothing runs on behind a failure.
import assert from "node:assert/strict";
import { test } from "node:test";
import { settled } from "../../tests/support/fake-clock.ts";
import { inParallel, inParallelAll } from "./parallel.ts";

/** Work that ends when the test says so. */
function held() {
  const ends = new Map<number, { resolve: () => void; reject: (error: Error) => void }>();
  const work = (item: number) => new Promise<void>((resolve, reject) => ends.set(item, { resolve, reject }));
  return { ends, work };
}

test("at most so many are worked on at the same time, and all in the end", async () => {
  const { ends, work } = held();
  let done = false;
  const all = inParallel(2, [1, 2, 3], work).then(() => done = true);
  await settled();
  assert.deepEqual([...ends.keys()], [1, 2]);
  ends.get(2)!.resolve();
  await settled();
  assert.deepEqual([...ends.keys()], [1, 2, 3]);
  ends.get(1)!.resolve();
  ends.get(3)!.resolve();
  await all;
  assert.ok(done);
});

test("after a failure nothing more begins, and it is thrown once the rest is over", async () => {
  const { ends, work } = held();
  let thrown: unknown = null;
  const all = inParallel(2, [1, 2, 3], work).catch((error) => thrown = error);
  await settled();
  ends.get(1)!.reject(new Error("no"));
  await settled();
  assert.equal(thrown, null);
  ends.get(2)!.resolve();
  await all;
  assert.match(String(thrown), /no/);
  assert.equal(ends.has(3), false);
});

test("inParallelAll() does all of the work whatever fails, and then throws what did", async () => {
  const done: number[] = [];
  const fails = (...bad: number[]) =>
    inParallelAll(2, [1, 2, 3, 4], async (n) => {
      await Promise.resolve();
      if (bad.includes(n)) throw new Error(`no ${n}`);
      done.push(n);
    });
  await assert.rejects(fails(2), /^Error: no 2$/);
  await assert.rejects(fails(1, 4), /^AggregateError: no 1; no 4$/);
  assert.deepEqual(done, [1, 3, 4, 2, 3]);
  await fails();
  assert.equal(done.length, 9);
});
