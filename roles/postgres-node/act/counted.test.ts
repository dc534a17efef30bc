// What a change of the primary leaves in the metrics: how often, why, and how long each step took.
import assert from "node:assert/strict";
import { test } from "node:test";
import { type FakeNode, fakeNode, orphanedStandby, started } from "../../../tests/support/fake-node.ts";
import { fenceHere } from "./end-server.ts";
import { handOver, takeOver } from "./hand-over.ts";
import { promoteHere } from "./promote.ts";
import { noteRejoin } from "./rejoin.ts";

/** Series that have counted something, without their buckets. */
async function counted({ metrics }: FakeNode): Promise<string[]> {
  const lines = (await metrics.text()).split("\n");
  return lines.filter((line) => /^postdock_\w+(_total|_count)\b.* [1-9]\d*$/.test(line)).map((line) =>
    line.replace("postdock_", "")
  ).toSorted();
}

test("a failover counts once, with its cause and the time of each step", async () => {
  const f = await orphanedStandby();
  await promoteHere("no primary", f.node);
  assert.deepEqual(await counted(f), [
    'failover_step_seconds_count{step="epoch"} 1',
    'failover_step_seconds_count{step="permission"} 1',
    'failover_step_seconds_count{step="promotion"} 1',
    'leaderships_total{cause="failover"} 1',
    "promotion_seconds_count 1",
  ]);
});

test("a successor that takes over counts a hand-over, and the wait for the last record", async () => {
  const f = await orphanedStandby();
  const taking = takeOver({ from: "pg2", afterLsn: "0/0", epoch: 1, because: "a switchover" }, f.node);
  await f.clock.pass(1_000);
  assert.equal((await taking).ok, true);
  const seen = await counted(f);
  assert.ok(seen.includes('leaderships_total{cause="hand-over"} 1'), seen.join());
  assert.ok(seen.includes('failover_step_seconds_count{step="last-record"} 1'), seen.join());
});

test("a promotion that fails, or is refused, counts as no leadership", async () => {
  const f = await orphanedStandby();
  f.world.broken.add("promote");
  const promoting = promoteHere("no primary", f.node);
  await f.clock.pass(60_000);
  await promoting;
  assert.deepEqual(await counted(f), ['failover_step_seconds_count{step="permission"} 1']);
});

test("hand-overs are counted by why they were begun, those that fail too; a fence and a rejoin by how", async () => {
  const f = await started(fakeNode());
  const over = (cause: "switchover" | "stop") =>
    handOver({ to: "pg2", because: "x", cause }, () => Promise.resolve(), node);
  const node = { ...f.node };
  await over("switchover");
  node.client = { ask: () => Promise.reject(new Error("pg2 does not answer")) };
  await over("stop");
  await handOver({ to: "pg2", because: "the disk is full" }, () => Promise.resolve(), node);
  await fenceHere("no lease", f.node);
  noteRejoin("clone", { from: "pg2", because: "it has diverged", started: 0 }, f.node);
  assert.deepEqual(await counted(f), [
    'fences_total{cause="lease-missing"} 1',
    "hand_over_seconds_count 1",
    'hand_overs_failed_total{cause="fault"} 1',
    'hand_overs_failed_total{cause="stop"} 1',
    'hand_overs_total{cause="switchover"} 1',
    'rejoin_seconds_count{way="clone"} 1',
  ]);
});
