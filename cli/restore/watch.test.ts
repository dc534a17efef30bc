// Who watches a restore reads each step and each trouble as soon as it is there, and nothing twice.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Session } from "../cluster/gather.ts";
import { watchNode } from "./watch.ts";

const copying = { id: "r1", step: "copying", doneBytes: 0, totalBytes: 1_048_576, replayLsn: null, trouble: null };
const full = { ...copying, trouble: "no space left on device" };

/** What is said while the node answers these, one after the other; then its old data are back. */
const way = { hosts: ["n1"], replicationPort: 5432, postgresUser: "u", postgresDb: "d" };

async function saidOf(looks: object[]): Promise<string[]> {
  const said: string[] = [];
  let nowMs = 0;
  const clock = { nowMs: () => nowMs, sleep: (ms: number) => Promise.resolve(void (nowMs += ms)) };
  const left = [...looks];
  const status = () => ({ restore: left.shift() ?? null, lastRestore: { id: "r1", undone: true } });
  const session = {
    context: { clock, onSignal() {} },
    peers: { askNode: () => Promise.resolve({ seen: "reached", status: status() }) },
  } as unknown as Session;
  const end = await watchNode({ id: "r1", node: "n1", hold: false }, session, way, {
    say: (l) => said.push(l),
    result() {},
  });
  assert.equal(end, "undone");
  return said;
}

test("a trouble is said at once, also if the step stays the same, and so is its end", async () => {
  const line = "  copying: 0 B of 1.0 MB";
  assert.deepEqual(await saidOf([copying, copying, full, full, copying]), [
    line,
    `${line}; trouble: no space left on device`,
    line,
  ]);
});
