// Changes of the memory wait for each other, and count only once they are written.
import assert from "node:assert/strict";
import { test } from "node:test";
import { type Memory, NodeMemory } from "./memory.ts";

const empty: Memory = {
  nodeId: 1,
  systemIdentifier: "7",
  everHadMajority: false,
  hosts: [],
  paused: { on: false, count: 0, atMs: 0 },
  granted: null,
  followed: 0,
  forced: false,
  force: null,
  restore: null,
  lastRestore: null,
  replaced: null,
};

test("a pause that is ordered while a look is being written is not lost", async () => {
  const written: Memory[] = [];
  let release = () => {};
  const slow = new Promise<void>((resolve) => release = resolve);
  const memory = new NodeMemory(empty, async (m) => {
    if (written.length === 0) await slow;
    written.push(m);
  });
  const look = memory.update((m) => ({ ...m, hosts: ["pg2"] }));
  const pause = memory.update((m) => ({ ...m, paused: { on: true, count: 1, atMs: 1 } }));
  release();
  assert.deepEqual(await Promise.all([look, pause]), [true, true]);
  assert.deepEqual(memory.now, { ...empty, hosts: ["pg2"], paused: { on: true, count: 1, atMs: 1 } });
  assert.deepEqual(written.at(-1), memory.now);
});

test("a change that could not be written does not count, and does not block the next change", async () => {
  let full = true;
  const memory = new NodeMemory(empty, () => full ? Promise.reject(new Error("the disk is full")) : Promise.resolve());
  await assert.rejects(memory.update((m) => ({ ...m, forced: true })), /full/);
  assert.equal(memory.now.forced, false);
  full = false;
  assert.equal(await memory.update((m) => ({ ...m, everHadMajority: true })), true);
  assert.deepEqual(memory.now, { ...empty, everHadMajority: true });
});

test("an update that changes nothing is not written", async () => {
  let writes = 0;
  const memory = new NodeMemory(empty, () => {
    writes++;
    return Promise.resolve();
  });
  assert.equal(await memory.update((m) => ({ ...m })), false);
  assert.equal(writes, 0);
});
