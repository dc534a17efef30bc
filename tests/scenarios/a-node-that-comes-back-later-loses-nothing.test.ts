// Promise: every leadership has an epoch above all before it, so that the data of a node that was away never wins over what was
// acknowledged meanwhile. Nodes are held down here across the leadership of another one.
import assert from "node:assert/strict";
import { test } from "node:test";
import { systemClock, waitUntil } from "../../core/runtime/time.ts";
import { type Cluster, firstLevel as nodes } from "../support/cluster.ts";
import { type OwnCluster, ownCluster, startMs } from "../support/clusters.ts";
import { exec, tryExec } from "../support/docker.ts";
import { Ledger, monkey } from "../support/ledger.ts";
import { assertLedger } from "../support/ledger-report.ts";
import { withMode } from "../support/variants.ts";
import { successionMs } from "../support/waits.ts";

const deps = { clock: systemClock };
/** In eventual mode a standby has each write after this at the latest, milliseconds. */
const tailMs = 1_000;

async function start(mode: string): Promise<OwnCluster> {
  const cluster = await ownCluster({ name: `epochs-${mode}`, edit: withMode(mode) });
  await cluster.up([...nodes, "pgpool"]);
  await cluster.waitWhole(startMs, nodes);
  await cluster.waitLease(nodes);
  await cluster.waitPool(nodes);
  return cluster;
}

async function timelineOf(cluster: Cluster, node: string): Promise<number> {
  const status = await cluster.nodeStatus(node);
  assert.ok(status?.postgres.timeline, `${node} answers`);
  return status.postgres.timeline;
}

async function throughPool(cluster: Cluster) {
  return { ...monkey, host: (await cluster.address("pgpool"))! };
}

for (const mode of ["strict", "eventual"]) {
  test(`${mode}: a primary that nobody followed comes back after another one has led, and nothing is lost`, async () => {
    await using cluster = await start(mode);
    const first = await cluster.waitWhole(undefined, nodes);
    const [second, third] = nodes.filter((n) => n !== first) as [string, string];
    const inThird = async (signal: string) =>
      await tryExec(await cluster.container(third), ["bash", "-c", `pkill -${signal} -f 'postgres: .*walreceiver'`]);
    const ledger = await Ledger.start(await throughPool(cluster));
    await ledger.writes(20);
    const struckMs: number[] = [];
    // the third node votes, and does not notice that the second one leads
    assert.equal((await inThird("STOP")).code, 0);
    await ledger.writes(20);
    await cluster.kill(first);
    assert.equal(await cluster.waitSuccessor(first, nodes), second);
    struckMs.push(systemClock.nowMs());
    await cluster.kill(second);
    await inThird("KILL"); // what it was sent meanwhile never arrives: the first node has more

    await cluster.start(first);
    const among = [first, third];
    assert.equal(await cluster.waitWhole(undefined, among), first, "it has all that was acknowledged");
    await cluster.waitPool(among);
    await ledger.writes(20);
    assert.equal(
      await timelineOf(cluster, first),
      3,
      "above the timeline of the second node, which neither of the two has",
    );

    struckMs.push(systemClock.nowMs());
    await cluster.kill(first);
    await cluster.start(second);
    // the voter of the second node is silent for one LEASE_TTL after its start
    assert.equal(await cluster.waitSuccessor(first, [second, third], 2 * successionMs), third);
    await ledger.writes(20);
    await cluster.start(first);
    assert.equal(await cluster.waitWhole(undefined, nodes), third);
    const report = await ledger.finish({ ...monkey, host: (await cluster.address(third))! });
    // between the two deaths no node could lead
    // without waiting for a standby, what a primary acknowledged just before it died may be gone, and nothing else
    const isTail = (id: number) => struckMs.some((ms) => Math.abs(ledger.acknowledgedAt.get(id)! - ms) < tailMs);
    const missing = mode === "strict" ? report.missing : report.missing.filter((id) => !isTail(id));
    assertLedger(mode, { ...report, missing }, { atLeast: 80, gapMs: 4 * successionMs });
  });
}

test("a promotion by hand, without the lease, never counts: the node clones, though its timeline has the number of an epoch", async () => {
  await using cluster = await start("strict");
  const first = await cluster.waitWhole(undefined, nodes);
  const [second, third] = nodes.filter((n) => n !== first) as [string, string];
  const ledger = await Ledger.start(await throughPool(cluster));
  await ledger.writes(20);
  const history = "$PGDATA/pg_wal/00000002.history";
  const inThird = async (script: string) => await tryExec(await cluster.container(third), ["bash", "-c", script]);
  await inThird("gosu postgres pg_ctl promote --no-wait");
  const promoted = async () => (await inThird(`test -s ${history}`)).code === 0;
  await waitUntil(promoted, { what: "the third node to begin timeline 2", deadlineMs: 20_000, everyMs: 20 }, deps);
  await cluster.kill(third);

  const operate = ["postdock", "cluster", "switchover", "--to", second];
  await exec(await cluster.container(first), operate, 60_000);
  assert.equal(await cluster.waitWhole(undefined, [first, second]), second);
  assert.equal(await timelineOf(cluster, second), 2);
  await ledger.writes(20);
  await cluster.kill(second);
  await cluster.start(third);
  assert.equal(await cluster.waitSuccessor(second, [first, third], 2 * successionMs), first);
  await cluster.start(second);
  assert.equal(await cluster.waitWhole(undefined, nodes), first);
  await ledger.writes(20);
  const report = await ledger.finish({ ...monkey, host: (await cluster.address(first))! });
  assertLedger("strict", report, { atLeast: 60, gapMs: 3 * successionMs });
  const { stdout } = await tryExec(await cluster.container(third), ["postdock", "cluster", "history"]);
  assert.match(stdout, new RegExp(`${third}  Rejoined, way clone, from ${first}.*promoted without an epoch`));
});
