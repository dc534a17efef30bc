// Promise: with CONSISTENCY=strict no acknowledged write is lost, whichever node dies; without standbys commits wait and the
// cluster says so. In partially-strict mode the primary goes on alone and says so.
import assert from "node:assert/strict";
import { test } from "node:test";
import { systemClock, waitUntil } from "../../core/runtime/time.ts";
import { type Cluster, firstLevel as nodes } from "../support/cluster.ts";
import { type OwnCluster, ownCluster, startMs } from "../support/clusters.ts";
import { docker, exec, logsOf, logsSince, tryExec } from "../support/docker.ts";
import { fenceStoppedAlone, twinOfThePrimary } from "../support/faults/beside-the-lease.ts";
import { pausedWhileOneIsAbsent } from "../support/faults/operator.ts";
import { handOverFrozen, orphansAtLeaseEnd, waitTerm } from "../support/faults/orphans.ts";
import { strike } from "../support/faults/strike.ts";
import { Ledger, monkey } from "../support/ledger.ts";
import { assertLedger } from "../support/ledger-report.ts";
import { withMode } from "../support/variants.ts";
import { nothingMs, staysTrueFor, successionMs } from "../support/waits.ts";

const deps = { clock: systemClock };

async function start(mode: string, services: readonly string[]): Promise<OwnCluster> {
  const cluster = await ownCluster({ name: mode, edit: withMode(mode) });
  await cluster.up(services);
  return cluster;
}

/** STOPPING_TIMEOUT, and what an immediate shutdown may take: a frozen postmaster is killed after that; milliseconds. */
const stopMs = 7_000;

/** Begins a fault on the primary, and returns a function that ends it. */
const faults: Readonly<Record<string, (cluster: Cluster, primary: string) => Promise<() => Promise<void>>>> = {
  kill: async (cluster, primary) => {
    await cluster.kill(primary);
    return () => cluster.start(primary);
  },
  "cut off": async (cluster, primary) => {
    await cluster.disconnect(primary);
    return () => cluster.connect(primary);
  },
  // pgpool and its clients still reach it: it takes writes, but can acknowledge none
  "cut off the nodes": (cluster, primary) => {
    const others = nodes.filter((n) => n !== primary);
    return strike({ kind: "one-way", targets: others, from: [primary], lastsMs: 0 }, cluster);
  },
  "kill again": (cluster, primary) => faults.kill!(cluster, primary),
  "orphans when the lease ends": (cluster, primary) => orphansAtLeaseEnd(cluster, primary, nodes),
  "a frozen postmaster that hands over": (cluster, primary) => handOverFrozen(cluster, primary, nodes),
};

async function degraded(cluster: Cluster, primary: string): Promise<string | null> {
  return (await cluster.answer(primary)).consistency.degraded;
}

async function waitsFor(cluster: Cluster, primary: string, names: RegExp): Promise<void> {
  await waitUntil(async () => names.test(await cluster.psql(primary, "show synchronous_standby_names")), {
    what: `commits to wait for ${names}`,
    deadlineMs: 60_000,
  }, deps);
}

test("strict: faults strike the primary, its fence and a pause under a writer, and no acknowledged write is lost", async () => {
  await using cluster = await start("strict", [...nodes, "pgpool"]);
  let primary: string = await cluster.waitWhole(startMs, nodes);
  await cluster.waitPool(nodes);
  await waitsFor(cluster, primary, /^ANY 1 \("node\d", "node\d"\)$/);
  const balance = [
    "exec",
    "-e",
    "PGPASSWORD=monkey_pass",
    await cluster.container("pgpool"),
    "psql",
    "-h",
    "localhost",
  ];
  const shown = await docker([...balance, "-U", "monkey_user", "-Atc", "pgpool show load_balance_mode", "monkey_db"]);
  assert.match(shown, /off/, "reads go to the primary");
  const ledger = await Ledger.start({ ...monkey, host: (await cluster.address("pgpool"))! });
  for (const [name, fault] of Object.entries(faults)) {
    await ledger.writes(30);
    const { term } = (await cluster.answer(primary)).lease;
    const heal = await fault(cluster, primary);
    primary = await waitTerm(cluster, term, nodes);
    await heal();
    assert.equal(await cluster.waitWhole(undefined, nodes), primary, `the primary after ${name} stays primary`);
    await cluster.waitPool(nodes);
  }
  await ledger.writes(30);
  const report = await ledger.finish({ ...monkey, host: (await cluster.address(primary))! });
  assertLedger("strict", report, { atLeast: 30 * 7, gapMs: successionMs + stopMs });

  await fenceStoppedAlone(cluster, nodes);
  await twinOfThePrimary(cluster, nodes);
  await pausedWhileOneIsAbsent(cluster, nodes);
  primary = await passesNobodyOver(cluster, await cluster.waitWhole(undefined, nodes));
  await Promise.all(nodes.filter((n) => n !== primary).map((n) => cluster.freeze(n)));
  // without a majority its lease ends: nothing can be written, and no other node leads
  await waitUntil(
    async () => (await tryExec(await cluster.container(primary), ["pgrep", "-x", "postgres"])).code === 1,
    {
      what: "the primary without a majority to be fenced",
      deadlineMs: successionMs,
    },
    deps,
  );
});

/** The processes of a standby that receive and replay WAL; the others answer queries. */
const replicating = "(walreceiver|startup|checkpointer|writer)";
const rows = 40_000;

/**
 * One standby has all acknowledged writes but cannot say so, since its server answers no query; the other has less. When the
 * primary dies no node leads until the first standby can answer. Returns the new primary.
 */
async function passesNobodyOver(cluster: Cluster, primary: string): Promise<string> {
  const [full, behind] = nodes.filter((n) => n !== primary) as [string, string];
  const inside = async (node: string, script: string) =>
    await exec(await cluster.container(node), ["bash", "-c", script]);
  await cluster.psql(primary, "create table acknowledged (filler text)");
  const end = await cluster.psql(primary, "select pg_current_wal_flush_lsn()");
  for (const node of [full, behind]) {
    const has = async () =>
      await cluster.psql(
        node,
        `select pg_last_wal_receive_lsn() >= '${end}' and to_regclass('acknowledged') is not null`,
      ) ===
        "t";
    await waitUntil(has, { what: `${node} to have all`, deadlineMs: 60_000 }, deps);
  }
  await inside(behind, "pkill -STOP -f 'postgres: .*walreceiver'");
  await inside(
    full,
    `kill -STOP $(pgrep -x postgres | while read p; do ps -o pid=,args= $p; done | grep -vE '${replicating}' | awk '{print $1}')`,
  );
  // more than the buffers of a connection to the standby that is behind can hold
  await cluster.psql(primary, `insert into acknowledged select repeat('x', 1000) from generate_series(1, ${rows})`);
  await cluster.kill(primary);
  const before = await logsOf(await cluster.container(behind));
  await inside(behind, "pkill -CONT -f 'postgres: .*walreceiver'");
  const refused = async () => {
    const logs = await logsSince(await cluster.container(behind), before);
    return logs.includes(`still uncertain where their own WAL ends: ${full}`);
  };
  await waitUntil(refused, { what: `${behind} to wait for ${full}`, deadlineMs: 30_000 }, deps);
  const nobody = async () => await cluster.primary([full, behind]) === null;
  await staysTrueFor(nothingMs, nobody, { what: "no node leads while one that may have more cannot answer" });
  await inside(full, "pkill -CONT -x postgres");
  const leader = await waitUntil(
    () => cluster.primary([full, behind]),
    { what: "a primary", deadlineMs: 40_000 },
    deps,
  );
  assert.equal(await cluster.psql(leader, "select count(*) from acknowledged"), String(rows));
  await cluster.start(primary);
  return await cluster.waitWhole(undefined, nodes);
}

test("partially-strict: the primary goes on alone, says so, and waits again when a standby is back", async () => {
  await using cluster = await start("partially-strict", nodes);
  const primary = await cluster.waitWhole(startMs, nodes);
  await waitsFor(cluster, primary, /^ANY 1 \(/);
  const standbys = nodes.filter((n) => n !== primary);
  // agents still answer and vote; only replication ends
  for (const n of standbys) {
    const container = await cluster.container(n);
    await exec(container, ["pkill", "-STOP", "-x", "postgres"]);
  }
  await waitsFor(cluster, primary, /^$/);
  assert.match(await degraded(cluster, primary) ?? "", /commits are asynchronous/);
  await cluster.psql(primary, "create table alone (id int)");
  for (const n of standbys) {
    await exec(await cluster.container(n), ["pkill", "-CONT", "-x", "postgres"]);
  }
  await waitsFor(cluster, primary, /^ANY 1 \(/);
  assert.equal(await degraded(cluster, primary), null);
});
