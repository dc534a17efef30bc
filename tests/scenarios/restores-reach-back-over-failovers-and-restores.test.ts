// Promise: each moment can be restored, to the commit: right before and after a failover or a switchover, over earlier restores,
// and on a history that a restore has left. Clients of pgpool get errors meanwhile and go on by themselves, and what was
// acknowledged before the moment or after the restore is there. The whole cascade follows.
import assert from "node:assert/strict";
import { test } from "node:test";
import { defaultHttpPort } from "../../config/http-port.ts";
import { Peers } from "../../core/client/peers.ts";
import { systemClock, waitUntil } from "../../core/runtime/time.ts";
import { askCopy, endCopy, reachStep, received, restore, waitBackup, waitReceiving } from "../support/barman.ts";
import { type Cluster, firstLevel, nodes } from "../support/cluster.ts";
import { ownCluster, startMs } from "../support/clusters.ts";
import { tryExec } from "../support/docker.ts";
import { Ledger, monkey } from "../support/ledger.ts";
import { assertRestored } from "../support/ledger-report.ts";
import { withMode } from "../support/variants.ts";
import { wholeMs } from "../support/waits.ts";

const deps = { clock: systemClock };
const copy = "/tmp/copy";

/** A moment, as a time or as an LSN, on the timeline that the node is on. */
async function momentOf(what: string, cluster: Cluster, node: string, as: "time" | "lsn") {
  const { timeline } = (await cluster.answer(node)).postgres;
  const askedMs = systemClock.nowMs();
  const to = await cluster.psql(node, `select ${as === "time" ? "clock_timestamp()" : "pg_current_wal_insert_lsn()"}`);
  return { what, to, askedMs, toldMs: systemClock.nowMs(), timeline };
}

const numbers = (rows: string) => new Set(rows.split("\n").filter(Boolean).map(Number));

/** On a busy machine a successor may not take over in time: then the old primary leads again, and it is tried again. */
async function switchOver(cluster: Cluster, old: string): Promise<void> {
  const command = ["postdock", "cluster", "switchover"];
  const done = async () => (await tryExec(await cluster.container(old), command, 60_000)).code === 0;
  await waitUntil(done, { what: "a switchover", deadlineMs: wholeMs, everyMs: 1_000 }, deps);
}

type Known = Awaited<ReturnType<typeof momentOf>>;
type History = [Known, Known, Known, Known, Known, Known];

/** Two failovers with a switchover between; the moments right before and right after each, in their order. */
async function makeHistory(cluster: Cluster, ledger: Ledger): Promise<History> {
  const moments: Known[] = [];
  for (const [i, change] of ["failover 1", "switchover", "failover 2"].entries()) {
    const old = await cluster.waitWhole();
    await ledger.writes(20);
    moments.push(await momentOf(`before ${change}`, cluster, old, i % 2 === 0 ? "time" : "lsn"));
    if (change === "switchover") await switchOver(cluster, old);
    else await cluster.kill(old);
    const next = await cluster.waitSuccessor(old, firstLevel, wholeMs);
    await ledger.writes(20);
    moments.push(await momentOf(`after ${change}`, cluster, next, i % 2 === 0 ? "lsn" : "time"));
    if (change !== "switchover") await cluster.start(old);
  }
  return moments as History;
}

/** Restores the whole cluster under the ledger's writes, and returns when the node was down. */
async function restoreCluster(cluster: Cluster, backup: string, ...args: string[]): Promise<number> {
  const node = await cluster.waitWhole();
  const running = restore(backup, ...args, "--yes");
  await reachStep(cluster, node, ["copying", "recovering", "promoting"], running);
  const downMs = systemClock.nowMs();
  const { code, stdout, stderr } = await running;
  assert.equal(code, 0, `${args}: ${stdout}${stderr}`);
  assert.equal(await cluster.waitWhole(), node);
  return downMs;
}

test("over two failovers and a switchover each moment is restored, also one restore over another", async () => {
  await using cluster = await ownCluster({ name: "history", edit: withMode("strict") });
  await cluster.up();
  await cluster.waitWhole(startMs);
  await cluster.waitLease(firstLevel);
  await cluster.waitPool();
  const backup = await cluster.container("backup");
  await waitBackup(backup, startMs);
  const entry = () => cluster.address("pgpool");
  const ledger = await Ledger.start({ ...monkey, host: (await entry())! }, entry);
  const moments = await makeHistory(cluster, ledger);
  const primary = await cluster.waitWhole();
  await ledger.writes(20);
  await waitReceiving(cluster, primary);
  await received(cluster, primary);

  const [beforeFirst, afterFirst, beforeSecond, afterSecond, beforeLast, afterLast] = moments;
  for (const moment of [beforeFirst, beforeSecond, afterSecond]) {
    const done = await restore(backup, "--to", moment.to, "--into", copy, "--start", "--yes");
    assert.equal(done.code, 0, `${moment.what}: ${done.stdout}${done.stderr}`);
    const present = numbers(await askCopy(backup, copy, ledger.selectRows));
    assertRestored(moment, ledger.acknowledgedAt, present, Infinity);
    await endCopy(backup, copy);
  }

  // back, further back, and forward again on the history that was left
  const cases = [
    [beforeLast],
    [afterFirst],
    [afterLast, "--timeline", `${afterLast.timeline}`],
  ] as const;
  let downMs = 0;
  for (const [moment, ...more] of cases) {
    downMs = await restoreCluster(cluster, backup, "--to", moment.to, ...more);
    await ledger.writes(20);
    await cluster.waitPool();
    const node = await cluster.waitWhole();
    const acknowledged = new Map(ledger.acknowledgedAt);
    const present = numbers(await cluster.psql(node, ledger.selectRows));
    assertRestored(moment, acknowledged, present, downMs);
    console.log(`${moment.what}: ${acknowledged.size} writes acknowledged, ${present.size} rows after the restore`);
    await waitReceiving(cluster, node);
  }

  await ledger.stop();
  const node = await cluster.waitWhole();
  const rows = await cluster.psql(node, ledger.selectRows);
  assertRestored(afterLast, ledger.acknowledgedAt, numbers(rows), downMs);
  for (const host of nodes) {
    const same = async () => await cluster.psql(host, ledger.selectRows).catch(() => "") === rows;
    await waitUntil(same, { what: `${host} to have the rows of ${node}`, deadlineMs: wholeMs }, deps);
  }
  for (const [host, above] of [["pgslave2", "pgslave1"], ["pgslave4", "pgslave3"]] as const) {
    await cluster.waitEach([host], `${host} to follow ${above}`, (s) => s.postgres.upstream?.host === above, wholeMs);
  }
  const metrics = await new Peers(systemClock, defaultHttpPort).getText(
    (await cluster.address("backup"))!,
    "/metrics",
    5_000,
  );
  assert.match(metrics, /^postdock_barman_wal_gaps_total 0$/m);
});
