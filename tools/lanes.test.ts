// Lanes: so many at a time, in order, and an error does not leave work behind.
import assert from "node:assert/strict";
import { test } from "node:test";
import { inLanes } from "./lanes.ts";

/** Work that ends when it is told to. */
function held() {
  const begun: string[] = [];
  const ends = new Map<string, (error?: Error) => void>();
  const work = (name: string) => {
    begun.push(name);
    return new Promise<void>((resolve, reject) => ends.set(name, (error) => error ? reject(error) : resolve()));
  };
  const end = async (name: string, error?: Error) => {
    ends.get(name)!(error);
    await new Promise((resolve) => setTimeout(resolve, 0));
  };
  return { begun, work, end };
}

test("a free lane takes the next piece, in their order", async () => {
  const { begun, work, end } = held();
  const all = inLanes(["a", "b", "c", "d"], 2, work);
  assert.deepEqual(begun, ["a", "b"]);
  await end("b");
  assert.deepEqual(begun, ["a", "b", "c"]);
  await end("c");
  await end("a");
  await end("d");
  await all;
  assert.deepEqual(begun, ["a", "b", "c", "d"]);
});

test("an error is thrown once the other lane has ended its pieces", async () => {
  const { begun, work, end } = held();
  let thrown: unknown = null;
  const all = inLanes(["a", "b", "c"], 2, work).catch((error) => thrown = error);
  await end("a", new Error("broken"));
  assert.equal(thrown, null);
  await end("b");
  await end("c");
  await all;
  assert.equal(String(thrown), "Error: broken");
  assert.deepEqual(begun, ["a", "b", "c"]);
});
