// Promise: every leadership has an epoch above all before it, so that the data of a node that was away never wins over what was
// acknowledged meanwhile, whatever timeline it claims. Nodes are held down here across the leadership of another one.
import assert from "node:assert/strict";
import { test } from "node:test";
import { systemClock, waitUntil } from "../../core/runtime/time.ts";
import { type Cluster, firstLevel as nodes } from "../support/cluster.ts";
import { type OwnCluster, ownCluster, startMs } from "../support/clusters.ts";
import { exec, tryExec } from "../support/docker.ts";
import { killedBeforeCheckpoint } from "../support/faults/killed-before-checkpoint.ts";
import { firstSegmentCut } from "../support/faults/short-segment.ts";
import { keepCopy, restoreCopy } from "../support/faults/restored-volume.ts";
import { Ledger, monkey } from "../support/ledger.ts";
import { assertLedger, withoutTail } from "../support/ledger-report.ts";
import { withMode } from "../support/variants.ts";
import { wholeMs } from "../support/waits.ts";

const deps = { clock: systemClock };

async function start(mode: string): Promise<OwnCluster> {
  const cluster = await ownCluster({ name: `epochs-${mode}`, edit: withMode(mode) });
  await cluster.up([...nodes, "pgpool", "backup"]);
  await cluster.waitWhole(startMs, nodes);
  await cluster.waitLease(nodes);
  return cluster;
}

/** What each sequence begins with: the primary, its two standbys, the primary's timeline, and a writer through pgpool. */
async function begin(cluster: Cluster) {
  const first = await cluster.waitWhole(undefined, nodes);
  await cluster.waitPool(nodes);
  await waitFollowed(cluster, first);
  const [second, third] = nodes.filter((n) => n !== first) as [string, string];
  const ledger = await Ledger.start({ ...monkey, host: (await cluster.address("pgpool"))! });
  await ledger.writes(20);
  return { first, second, third, ledger, timeline: await timelineOf(cluster, first) };
}

async function timelineOf(cluster: Cluster, node: string): Promise<number> {
  const timeline = async () => (await cluster.nodeStatus(node))?.postgres.timeline ?? null;
  return await waitUntil(timeline, { what: `${node} to say its timeline`, deadlineMs: wholeMs }, deps);
}

/** The primary in the eyes of pgpool and of barman; undefined: no answer, which says nothing. */
async function primaryFor(cluster: Cluster): Promise<{ pgpool?: string | null; barman?: string | null }> {
  const [pgpool, barman] = await Promise.all([cluster.status("pgpool"), cluster.status("backup")]);
  return {
    ...pgpool?.component === "pgpool" ? { pgpool: pgpool.primary } : {},
    ...barman?.component === "barman" ? { barman: barman.receiving ? barman.primary : null } : {},
  };
}

async function waitFollowed(cluster: Cluster, primary: string): Promise<void> {
  let seen = "";
  const both = async () => {
    const { pgpool, barman } = await primaryFor(cluster);
    seen = `${pgpool} and ${barman}`;
    return pgpool === primary && barman === primary;
  };
  const what = { what: `pgpool and barman to follow ${primary}`, deadlineMs: wholeMs, why: () => seen };
  await waitUntil(both, what, deps);
}

/** Ends the ledger. In eventual mode what a primary acknowledged just before it was struck may be gone, and nothing else. */
async function finish(cluster: Cluster, mode: string, ledger: Ledger, struckMs: readonly number[]): Promise<void> {
  const primary = await cluster.waitWhole(undefined, nodes);
  await waitFollowed(cluster, primary);
  await ledger.writes(20);
  const report = await ledger.finish({ ...monkey, host: (await cluster.address(primary))! });
  const promised = mode === "strict" ? report : withoutTail(report, ledger.acknowledgedAt, struckMs);
  assertLedger(mode, promised, { atLeast: 60, gapMs: wholeMs });
}

async function switchover(cluster: Cluster, from: string, to: string): Promise<void> {
  await exec(await cluster.container(from), ["postdock", "cluster", "switchover", "--to", to], 60_000);
}

/** How a node came back, in its own words. */
async function rejoined(cluster: Cluster, node: string): Promise<string> {
  const { stdout } = await tryExec(await cluster.container(node), ["postdock", "cluster", "history"]);
  return stdout.split("\n").filter((line) => line.includes(`${node}  Rejoined`)).at(-1) ?? "";
}

async function afterAnotherHasLed(cluster: Cluster, mode: string): Promise<void> {
  const { first, second, third, ledger, timeline } = await begin(cluster);
  const inThird = async (signal: string) =>
    await tryExec(await cluster.container(third), ["bash", "-c", `pkill -${signal} -f 'postgres: .*walreceiver'`]);
  const struckMs: number[] = [];
  // the third node votes, and does not notice that the second one leads
  assert.equal((await inThird("STOP")).code, 0);
  await ledger.writes(20);
  await cluster.kill(first);
  assert.equal(await cluster.waitSuccessor(first, nodes, wholeMs), second);
  struckMs.push(systemClock.nowMs());
  await cluster.kill(second);
  await inThird("KILL"); // what it was sent meanwhile never arrives: the first node has more

  await cluster.start(first);
  const among = [first, third];
  assert.equal(await cluster.waitWhole(undefined, among), first, "it has all that was acknowledged");
  await waitFollowed(cluster, first); // though both have seen the timeline of the second node
  await ledger.writes(20);
  const now = await timelineOf(cluster, first);
  assert.ok(now > timeline + 1, "above the timeline of the second node, which neither of the two has");

  struckMs.push(systemClock.nowMs());
  await cluster.kill(first);
  await cluster.start(second);
  // the voter of the second node is silent for one LEASE_TTL after its start
  assert.equal(await cluster.waitSuccessor(first, [second, third], wholeMs), third);
  await cluster.start(first);
  assert.equal(await cluster.waitWhole(undefined, nodes), third);
  await finish(cluster, mode, ledger, struckMs);
}

async function afterPromotionByHand(cluster: Cluster, mode: string): Promise<void> {
  const { first, second, third, ledger, timeline } = await begin(cluster);
  const history = `$PGDATA/pg_wal/${(timeline + 1).toString(16).toUpperCase().padStart(8, "0")}.history`;
  const inThird = async (script: string) => await tryExec(await cluster.container(third), ["bash", "-c", script]);
  await inThird("gosu postgres pg_ctl promote --no-wait");
  const promoted = async () => (await inThird(`test -s ${history}`)).code === 0;
  await waitUntil(promoted, { what: "the third node to begin a timeline", deadlineMs: wholeMs, everyMs: 20 }, deps);
  await cluster.kill(third);

  await switchover(cluster, first, second);
  assert.equal(await cluster.waitWhole(undefined, [first, second]), second);
  assert.equal(await timelineOf(cluster, second), timeline + 1, "the number that the third node took");
  await ledger.writes(20);
  const struckMs = [systemClock.nowMs()];
  await cluster.kill(second);
  await cluster.start(third);
  assert.equal(await cluster.waitSuccessor(second, [first, third], wholeMs), first);
  await cluster.start(second);
  assert.equal(await cluster.waitWhole(undefined, nodes), first);
  await finish(cluster, mode, ledger, struckMs);
  assert.match(await rejoined(cluster, third), new RegExp(`way clone, from ${first}.*promoted without an epoch`));
}

async function afterRestore(cluster: Cluster, mode: string): Promise<void> {
  const { first, second, third, ledger, timeline } = await begin(cluster);
  await keepCopy(cluster, third);
  await ledger.writes(20);
  await cluster.kill(third);
  await cluster.disconnect(third);
  await restoreCopy(cluster, third, timeline + 5);
  await switchover(cluster, first, second);
  await cluster.start(third);
  // it remembers no majority and sees no node, so it does what the only node of a cluster does
  const alone = () => cluster.psql(third, "create table alone as select 1 as n").then(() => true, () => false);
  await waitUntil(alone, { what: "the restored node to lead alone", deadlineMs: wholeMs }, deps);
  assert.equal(await cluster.psql(third, "select timeline_id from pg_control_checkpoint()"), String(timeline + 5));
  assert.equal(await cluster.waitWhole(undefined, [first, second]), second);
  await waitFollowed(cluster, second);

  await cluster.connect(third);
  const healed = new AbortController();
  const lawful = watchLawful(cluster, second, healed.signal);
  try {
    assert.equal(await cluster.waitWhole(undefined, nodes), second);
    await cluster.waitPool(nodes);
  } finally {
    healed.abort();
  }
  await lawful;
  await finish(cluster, mode, ledger, []);
  assert.match(await rejoined(cluster, third), new RegExp(`way (clone|rewind), from ${second}`));
  assert.equal(await cluster.psql(third, "select to_regclass('alone') is null"), "t");
}

/** Until the signal, at each look: this node is the primary with the lease, and neither pgpool nor barman follows another. */
async function watchLawful(cluster: Cluster, primary: string, until: AbortSignal): Promise<void> {
  let looks = 0;
  const lawful = async () => {
    const [status, { pgpool, barman }] = [await cluster.nodeStatus(primary), await primaryFor(cluster)];
    const leads = status === null || status.postgres.role === "primary" && status.lease.held;
    assert.ok(leads, `${primary} is the primary still`);
    assert.deepEqual([pgpool === undefined ? primary : pgpool, barman ?? primary], [primary, primary]);
    if (status !== null && pgpool !== undefined && barman !== undefined) looks++;
    return until.aborted;
  };
  await waitUntil(lawful, { what: "the end of the watch", deadlineMs: 3 * wholeMs, everyMs: 100 }, deps);
  assert.notEqual(looks, 0, "all answered at least once");
}

for (const mode of ["strict", "eventual"]) {
  test(`${mode}: a node that comes back loses nothing that was acknowledged`, async (t) => {
    await using cluster = await start(mode);
    await t.test("it was a primary that nobody followed, and another one has led", () =>
      afterAnotherHasLed(cluster, mode));
    await t.test("it was promoted by hand, without the lease, to the number of an epoch", () =>
      afterPromotionByHand(cluster, mode));
    await t.test("its volume was replaced by an older copy, which led alone on a higher timeline", () =>
      afterRestore(cluster, mode));
    if (mode !== "strict") {
      return await t.test("it was killed before the first checkpoint of its leadership, after a table was truncated", () =>
        killedBeforeCheckpoint(cluster, nodes));
    }
    await t.test("it had begun to receive a new timeline, whose primary died before the fork had arrived", () =>
      firstSegmentCut(cluster, nodes));
  });
}
