// Who watches a restore reads each step and each trouble as soon as it is there, and nothing twice.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Session } from "../cluster/gather.ts";
import { watchNode } from "./watch.ts";

const copying = { id: "r1", step: "copying", doneBytes: 0, totalBytes: 1_048_576, replayLsn: null, trouble: null };
const full = { ...copying, trouble: "no space left on device" };

const way = { hosts: ["n1"], replicationPort: 5432, postgresUser: "u", postgresDb: "d" };

/** What is said while the node answers these, one after the other, and null: it does not; then its old data are back. */
async function saidOf(looks: (object | null)[]): Promise<string[]> {
  const said: string[] = [];
  let nowMs = 0;
  const clock = { nowMs: () => nowMs, sleep: (ms: number) => Promise.resolve(void (nowMs += ms)) };
  const left = [...looks];
  const look = () => {
    const restore = left.shift();
    if (restore === null) return { seen: "unreachable", error: left.length % 2 === 0 ? "refused" : "no answer" };
    return { seen: "reached", status: { restore: restore ?? null, lastRestore: { id: "r1", undone: true } } };
  };
  const session = {
    context: { clock, onSignal() {} },
    client: { askNode: () => Promise.resolve(look()) },
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

test("a node that does not answer is said once in a while, with the way out for one that is lost", async () => {
  const looks = (seconds: number) => Array.from({ length: seconds * 2 }, () => null);
  const [step, silent, start, resume, ...more] = await saidOf([copying, ...looks(25)]);
  assert.match(`${step} ${silent}`, /copying: .* n1 does not answer: /);
  assert.match(`${start} ${resume}`, /start n1 again.*postdock cluster resume/);
  assert.deepEqual(more, []);
  assert.equal((await saidOf([copying, ...looks(15)])).length, 2, "it may be on its way");
});
