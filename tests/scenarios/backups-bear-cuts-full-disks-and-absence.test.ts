// Promise: at each of its steps a restore of the cluster bears a cut between barman and the node, and full disks on either side: it
// says what is wrong, loses nothing, and goes on or is undone. barman that was away for longer than WAL is kept says which WAL is lost and takes a
// base backup by itself, and the disks of the nodes stay bounded.
import assert from "node:assert/strict";
import { test } from "node:test";
import { systemClock, waitUntil } from "../../core/runtime/time.ts";
import { errorText } from "../../core/words/errors.ts";
import {
  askCopy,
  backupsOf,
  endCopy,
  reachStep,
  received,
  restore,
  waitBackup,
  waitReceiving,
} from "../support/barman.ts";
import { type Cluster, firstLevel } from "../support/cluster.ts";
import { ownCluster, startMs } from "../support/clusters.ts";
import { allOf, type Edit } from "../support/compose-file.ts";
import { exec, inNetworksOf, logsOf, logsSince } from "../support/docker.ts";
import { strike } from "../support/faults/strike.ts";
import { onNodes } from "../support/variants.ts";
import { wholeMs } from "../support/waits.ts";

const deps = { clock: systemClock };
const node = "pgmaster";
/** What a slot may keep, what checkpoints are made for, and what is written while barman is away. */
const boundMb = 48;
const maxWalMb = 64;
const writtenMb = 320;

/** WAL files that a recovery reads, one after the other: each takes some seconds while barman is throttled. */
const recoveredFiles = 5;

/** Kept in memory: these containers are never stopped. */
const smallDisks: Edit = ({ volumes }) => {
  for (const service of [node, "backup"]) {
    volumes![service] = { driver: "local", driver_opts: { type: "tmpfs", device: "tmpfs", o: "size=700m" } };
  }
};

/** Fills the disk of a directory but for so many MB. */
async function fill(container: string, directory: string, leftMb = 0): Promise<void> {
  const free = `$(df --output=avail -B1 ${directory} | tail -1)`;
  const once = `fallocate -l $((${free} - ${leftMb * 1024 * 1024})) ${directory}/pgsql_tmp.ballast`;
  const script = `for i in $(seq 20); do ${once} && exit 0; done; exit 1`; // what is free changes while a server writes
  await exec(container, ["bash", "-c", script]);
}

const empty = (container: string, directory: string) => exec(container, ["rm", "-f", `${directory}/pgsql_tmp.ballast`]);

interface Places {
  cluster: Cluster;
  /** the containers */
  pgmaster: string;
  backup: string;
  /** the moment before the mistake */
  lsn: string;
}

const data = "/var/lib/postgresql/data";
const backups = "/var/backups";

/** What barman sends is this slow until the returned function is called. */
async function throttle(backup: string): Promise<() => Promise<void>> {
  const device = "$(ip route show default | sed 's/.* dev //; s/ .*//')";
  const limit = "root tbf rate 16mbit burst 64kb latency 400ms";
  await inNetworksOf(new Map([[backup, `tc qdisc add dev ${device} ${limit}`]]));
  return () => inNetworksOf(new Map([[backup, `tc qdisc del dev ${device} root`]]));
}

/** Uses up so many WAL files. */
async function writeFiles(cluster: Cluster, count: number): Promise<void> {
  const write = "perform pg_logical_emit_message(false, 'filler', ''); perform pg_switch_wal();";
  await cluster.psql(node, `do $$ begin for i in 1..${count} loop ${write} end loop; end $$`);
}

const restoreOf = async (cluster: Cluster) => (await cluster.nodeStatus(node))?.restore ?? null;

const noRoom = /no space left/i;

/** Waits until the restore says what its trouble is. */
async function waitForTrouble(cluster: Cluster, trouble: RegExp): Promise<void> {
  let last = "nothing";
  const said = async () => trouble.test(last = (await restoreOf(cluster))?.trouble ?? "nothing");
  await waitUntil(said, { what: `${trouble} to be said`, deadlineMs: 60_000, why: () => last }, deps);
}

/** Waits until the node recovers and has its first file of WAL, so that the next ones are on their way. */
async function recovers(
  { cluster, pgmaster }: Places,
  running: ReturnType<typeof restore>,
  log: string,
): Promise<void> {
  await reachStep(cluster, node, ["recovering"], running, 120_000);
  const fetched = /"event":"WAL fetched from barman for the recovery"[^\n]*"file":"[0-9A-F]{24}"/;
  const begun = async () => fetched.test(await logsSince(pgmaster, log));
  await waitUntil(begun, { what: "the node to have WAL from barman", deadlineMs: 120_000 }, deps);
}

/** Cuts the node off barman, connections that are open included. */
async function cutOff({ cluster, pgmaster }: Places): Promise<() => Promise<void>> {
  const heal = await strike({ kind: "isolate", targets: ["backup"], from: [node], lastsMs: 0 }, cluster);
  const address = await cluster.address("backup");
  await inNetworksOf(new Map([[pgmaster, `ss --kill --no-header dst ${address}`]]));
  return heal;
}

/** Ends the restore, after which the node has its old data. */
async function undo({ cluster, backup }: Places, running: ReturnType<typeof restore>): Promise<void> {
  const aborted = await restore(backup, "abort");
  assert.equal(aborted.code, 0, aborted.stdout + aborted.stderr);
  assert.match((await running).stdout, /has its old data again/);
  assert.equal(await cluster.waitWhole(undefined, firstLevel), node);
  assert.equal(await cluster.psql(node, "select count(*) from mistake"), "1");
}

/** Waits until more of the backup has been copied. */
async function copiesOn(cluster: Cluster): Promise<void> {
  const before = (await restoreOf(cluster))?.doneBytes ?? 0;
  const more = async () => {
    const seen = await restoreOf(cluster);
    return seen?.step === "copying" && seen.doneBytes > before;
  };
  await waitUntil(more, { what: "more of the backup to be copied", deadlineMs: 60_000, everyMs: 50 }, deps);
}

/** Without room at its beginning a restore is refused, and nothing has changed. */
async function refusedWithoutRoom({ cluster, pgmaster, backup, lsn }: Places): Promise<void> {
  await fill(pgmaster, data, 150);
  const noTarget = await restore(backup, "--to", lsn, "--yes");
  assert.equal(noTarget.code, 77, noTarget.stdout + noTarget.stderr);
  assert.match(noTarget.stderr, /the volume at .* has .* free, and .* is needed/);
  await empty(pgmaster, data);
  await fill(backup, backups);
  for (const where of [[], ["--into", `${backups}/copy`]]) {
    const noRoom = await restore(backup, "--to", lsn, ...where, "--yes");
    assert.equal(noRoom.code, 78, noRoom.stdout + noRoom.stderr);
    assert.match(noRoom.stderr, /A volume of this container is full: ENOSPC/);
  }
  await empty(backup, backups);
  await fill(backup, backups, 100);
  const noCopy = await restore(backup, "--to", lsn, "--into", `${backups}/copy`, "--yes");
  assert.equal(noCopy.code, 77, noCopy.stdout + noCopy.stderr);
  assert.match(noCopy.stderr, /There is no room at \/var\/backups/);
  await empty(backup, backups);
  const seen = await cluster.answer(node);
  assert.deepEqual([seen.postgres.role, seen.paused.on, seen.restore], ["primary", false, null]);
}

/** The node's disk fills up during the copy: said, and undone once there is room. */
async function undoneWithoutRoom(places: Places): Promise<void> {
  const { cluster, pgmaster, backup, lsn } = places;
  const running = restore(backup, "--to", lsn, "--yes");
  await reachStep(cluster, node, ["copying"], running);
  await fill(pgmaster, data);
  await waitForTrouble(cluster, noRoom);
  await empty(pgmaster, data);
  await undo(places, running);
}

/** The network is cut while the node recovers: said, no order reaches it, and it is undone after that. */
async function undoneWhileCutOff(places: Places): Promise<void> {
  const { cluster, pgmaster, backup, lsn } = places;
  const log = await logsOf(pgmaster);
  const running = restore(backup, "--to", lsn, "--yes");
  await recovers(places, running, log);
  const heal = await cutOff(places);
  await waitForTrouble(cluster, noBarman);
  const unheard = await restore(backup, "abort");
  assert.equal(unheard.code, 69, unheard.stdout + unheard.stderr);
  assert.match(unheard.stderr, new RegExp(`${node} did not answer`));
  await heal();
  await undo(places, running);
}

const noBarman = /barman's agent does not answer/;

/**
 * While it is copied and while it recovers the network is cut between node and barman, and the disks of both fill up: it goes on by
 * itself each time.
 */
async function goesOn(places: Places, endThrottle: () => Promise<void>): Promise<void> {
  const { cluster, pgmaster, backup, lsn } = places;
  const before = await backupsOf(backup);
  const running = restore(backup, "--to", lsn, "--yes");
  await reachStep(cluster, node, ["copying"], running);
  await copiesOn(cluster);
  await fill(pgmaster, data);
  await waitForTrouble(cluster, noRoom);
  await empty(pgmaster, data);
  await copiesOn(cluster);

  const log = await logsOf(pgmaster);
  const heal = await cutOff(places);
  const noticed = async () => (await logsSince(pgmaster, log)).includes("A part of a base backup could not be fetched");
  await waitUntil(noticed, { what: "the node to notice the cut", deadlineMs: 60_000 }, deps);
  await heal();
  await copiesOn(cluster);
  await fill(backup, backups);
  await copiesOn(cluster);

  await recovers(places, running, log);
  const healAgain = await cutOff(places);
  await waitForTrouble(cluster, noBarman);
  await healAgain();
  await fill(pgmaster, data);
  await waitForTrouble(cluster, noRoom);
  assert.equal((await cluster.answer(node)).restore?.step, "recovering");
  await empty(pgmaster, data);
  await endThrottle();
  const leads = async () => (await cluster.nodeStatus(node))?.postgres.role === "primary";
  await waitUntil(leads, { what: "the restored node to lead although barman has no room", deadlineMs: 120_000 }, deps);
  await cluster.psql(node, "insert into ledger select generate_series(1001, 2000)");
  await empty(backup, backups);
  const { code, stdout, stderr } = await running;
  assert.equal(code, 0, stdout + stderr);
  assert.equal(await cluster.waitWhole(undefined, firstLevel), node);
  assert.equal(await cluster.psql(node, "select count(*) from ledger"), "2000");
  await waitReceiving(cluster, node);
  await received(cluster, node);
  const newer = async () => (await backupsOf(backup)).length > before.length;
  await waitUntil(newer, { what: "a base backup of what was restored", deadlineMs: 120_000, everyMs: 1_000 }, deps);
}

/** More WAL is written while barman is away than is kept for it. */
async function awayForTooLong({ cluster, backup }: Places): Promise<void> {
  await exec(backup, ["postdock", "barman", "restore", "clean"], 60_000);
  const before = await backupsOf(backup);
  const log = await logsOf(backup);
  const last = await cluster.psql(node, "insert into ledger values (2001) returning pg_current_xact_id()");
  await received(cluster, node);
  await cluster.disconnect("backup");
  const sender = "select count(*) from pg_stat_replication where application_name = 'barman_receive_wal'";
  const away = async () => await cluster.psql(node, sender) === "0";
  await waitUntil(away, { what: `${node} to give up barman's connection`, deadlineMs: 60_000 }, deps);
  const within = await cluster.psql(node, "insert into ledger values (2002) returning clock_timestamp()");
  await writeFiles(cluster, writtenMb / 16);
  await cluster.psql(node, "checkpoint");
  const held = "select sum(size) / 1024 / 1024 from pg_ls_waldir()";
  for (const host of firstLevel) {
    // the bound holds for standbys, too: one that could not keep up with the writes is cloned, and has no server meanwhile
    let last = "";
    const bounded = async () => {
      last = await cluster.psql(host, "checkpoint").then(() => cluster.psql(host, held)).catch(errorText);
      return Number(last) <= boundMb + 2 * maxWalMb;
    };
    const what = `the WAL of ${host} to be bounded`;
    await waitUntil(bounded, { what, deadlineMs: wholeMs, everyMs: 1_000, why: () => last }, deps);
  }
  await cluster.connect("backup");
  const said = async () => /"event":"The WAL history has a gap[^\n]*/.exec(await logsSince(backup, log))?.[0];
  const line = await waitUntil(said, { what: "barman to say which WAL is lost", deadlineMs: 60_000 }, deps);
  assert.match(line, /"missing":\{"from":"[0-9A-F]{24}","to":"[0-9A-F]{24}"\}/);
  const newer = async () => (await backupsOf(backup)).length > before.length;
  await waitUntil(newer, { what: "a base backup after the gap", deadlineMs: 120_000, everyMs: 1_000 }, deps);
  await cluster.psql(node, "insert into ledger values (2003)");
  await received(cluster, node);

  const refused = await restore(backup, "--to", within, "--into", "/tmp/copy", "--dry-run");
  assert.equal(refused.code, 77, refused.stdout + refused.stderr);
  assert.match(refused.stderr, /WAL from [0-9A-F]{24} on is missing/);
  for (const [to, rows] of [[`xid:${last.split("\n")[0]}`, "2001"], ["latest", "2003"]] as const) {
    const restored = await restore(backup, "--to", to, "--into", "/tmp/copy", "--start", "--yes");
    assert.equal(restored.code, 0, `${to}: ${restored.stdout}${restored.stderr}`);
    assert.equal(await askCopy(backup, "/tmp/copy", "select count(*) from ledger"), rows, to);
    await endCopy(backup, "/tmp/copy");
  }
}

test("full disks and a cut during a restore, and barman away beyond the bound of WAL", async () => {
  const bound = onNodes({
    CONFIGS: `max_slot_wal_keep_size:${boundMb}MB,wal_keep_size:16MB,max_wal_size:${maxWalMb}MB,min_wal_size:32MB`,
  });
  await using cluster = await ownCluster({ name: "bearing", edit: allOf(smallDisks, bound) });
  await cluster.up([...firstLevel, "backup"]);
  assert.equal(await cluster.waitWhole(startMs, firstLevel), node);
  await cluster.waitLease(firstLevel);
  const backup = await cluster.container("backup");
  await waitBackup(backup, startMs);
  await cluster.psql(node, "create table ledger as select generate_series(1, 1000) as n");
  // one by one: barman must not fall behind by more than the bound, or the backup has a gap
  for (let i = 0; i < recoveredFiles; i++) {
    await writeFiles(cluster, 1);
    await received(cluster, node);
  }
  const lsn = await cluster.psql(node, "select pg_current_wal_insert_lsn()");
  await cluster.psql(node, "drop table ledger; create table mistake as select 1 as n");
  await received(cluster, node);
  const places = { cluster, pgmaster: await cluster.container(node), backup, lsn };
  const timed = async (what: string, work: () => Promise<void>) => {
    const since = systemClock.nowMs();
    await work();
    console.log(`${what}: ${Math.round((systemClock.nowMs() - since) / 1000)} s`);
  };
  await timed("refused", () => refusedWithoutRoom(places));
  const endThrottle = await throttle(backup);
  await timed("undone", () => undoneWithoutRoom(places));
  await timed("undone while cut off", () => undoneWhileCutOff(places));
  await timed("goes on", () => goesOn(places, endThrottle));
  await timed("away", () => awayForTooLong(places));
});
