// Promise: the first base backup is taken by itself, and one that fails is taken again. `barman check` passes, and the commands
// that operators of 1.x type as root work.
import assert from "node:assert/strict";
import { test } from "node:test";
import { systemClock, waitUntil } from "../../core/runtime/time.ts";
import {
  checkpointOn,
  received,
  restore,
  summarizing,
  takeIncremental,
  waitBarmanCheck,
  waitReceiving,
} from "../support/barman.ts";
import { firstLevel } from "../support/cluster.ts";
import { BarmanStatus } from "../../core/protocol/status.ts";
import type { Window } from "../../roles/barman/decide/recoverable.ts";
import { exampleCluster, ownCluster, startMs } from "../support/clusters.ts";
import type { Edit } from "../support/compose-file.ts";
import { exec, logsOf, tryExec } from "../support/docker.ts";

const deps = { clock: systemClock };
const backupMs = 120_000;

/** The finished backups, oldest first, as `postdock barman list --json` has them. */
async function finished(backup: string): Promise<{ id: string; retention: string | null }[]> {
  const { backups } = JSON.parse(await exec(backup, ["postdock", "barman", "list", "--json"]));
  return backups.filter((b: { status: string }) => b.status === "DONE");
}

/** Waits until a backup has been taken that nobody asked for. */
async function waitBackup(backup: string): Promise<string> {
  const newest = async () => (await finished(backup)).at(-1)?.id ?? null;
  return await waitUntil(newest, { what: "a base backup to be complete", deadlineMs: backupMs, everyMs: 1_000 }, deps);
}

test("the first base backup is taken by itself, slowly if asked, and again if it fails", async () => {
  const slow: Edit = (file) => {
    const { backup } = file.services;
    backup!.environment = { ...backup!.environment, BACKUP_RATE: "4MB" };
  };
  await using cluster = await ownCluster({ name: "backups", edit: slow });
  await cluster.up(["pgmaster"]);
  await cluster.waitWhole(startMs, ["pgmaster"]);
  await exec(await cluster.container("pgmaster"), ["install", "-d", "-o", "postgres", "/var/lib/postgresql/fast"]);
  await cluster.psql("pgmaster", "create tablespace fast location '/var/lib/postgresql/fast'");
  await cluster.psql("pgmaster", "create table placed tablespace fast as select 1 as n");
  await cluster.up(["backup"]);
  const backup = await cluster.container("backup");
  // barman's check also runs pg_basebackup, which then says its version
  const copying = ["pkill", "-KILL", "-f", "bin/pg_basebackup --dbname"];
  const killed = async () => (await tryExec(backup, copying)).code === 0;
  await waitUntil(killed, { what: "pg_basebackup to run", deadlineMs: backupMs, everyMs: 50 }, deps);
  const status = async () => BarmanStatus.parse(await cluster.status("backup"));
  const copied = async () => (await status()).backupProgress;
  const progress = await waitUntil(copied, { what: "the progress of the backup", deadlineMs: backupMs }, deps);
  assert.ok(progress.streamedBytes < (progress.totalBytes ?? 0), JSON.stringify(progress));
  assert.match((await status()).backupWanted ?? "", /no base backup yet/);
  const id = await waitBackup(backup);
  const last = async () => (await status()).backupWanted === null;
  await waitUntil(last, { what: "no other backup to be wanted", deadlineMs: backupMs }, deps);
  const { windows, received } = JSON.parse(await exec(backup, ["postdock", "barman", "list", "--json"]));
  assert.deepEqual(windows.map((w: Window) => [w.timeline, w.missing]), [[1, null]]);
  assert.match(windows[0].lastWal, /^00000001[0-9A-F]{16}\.partial$/);
  assert.ok(Date.parse(received) > 0, received);

  // a copy has tablespaces of its own: to those of the backup nothing is written
  const list = ["sh", "-c", `cd /var/backups/pg_cluster/base/${id}/[0-9]* && find . -type f | sort | xargs md5sum`];
  const before = await exec(backup, list);
  assert.equal((await restore(backup, "--into", "/tmp/copy", "--start", "--yes")).code, 0);
  const ask = ["gosu", "postgres", "psql", "-h", "/tmp/copy", "-d", "monkey_db", "-AtXc"];
  assert.equal((await exec(backup, [...ask, "update placed set n = 2 returning n"])).split("\n")[0], "2");
  await exec(backup, [...ask, "checkpoint"]);
  assert.match(await exec(backup, ["sh", "-c", "readlink /tmp/copy/pg_tblspc/*"]), /^\/tmp\/copy\/tablespaces\/\d+\n$/);
  assert.equal(await exec(backup, list), before);
  assert.match(await logsOf(backup), /"event":"Base backup failed"[^]*"event":"The base backup is tried again"/);
});

test("barman takes a backup, and its check passes", async () => {
  const backup = await (await exampleCluster()).container("backup");
  await waitBarmanCheck(backup);
  const said = await exec(backup, ["postdock", "barman", "backup"], 180_000);
  const id = /Backup (\d{8}T\d{6}) is complete/.exec(said)?.[1];
  assert.ok(id, said);
  const listed = await exec(backup, ["barman", "list-backup", "all"]);
  assert.match(listed, new RegExp(`^pg_cluster ${id} `, "m"));
  const shown = await exec(backup, ["barman", "show-backup", "pg_cluster", id]);
  assert.match(shown, /Status\s*: DONE/);
});

test("a backup is kept until it is released", async () => {
  const backup = await (await exampleCluster()).container("backup");
  const id = await waitBackup(backup);
  const retention = async () => (await finished(backup)).find((b) => b.id === id)?.retention;
  assert.match(
    await exec(backup, ["postdock", "barman", "keep", id]),
    new RegExp(`Backup ${id} is kept, with the WAL`),
  );
  assert.equal(await retention(), "KEEP:STANDALONE");
  await exec(backup, ["postdock", "barman", "keep", id, "--release"]);
  assert.equal(await retention(), "VALID");
  const unknown = await tryExec(backup, ["postdock", "barman", "keep", "20010101T000000"]);
  assert.equal(unknown.code, 64);
  assert.match(unknown.stderr, new RegExp(`There is no backup 20010101T000000[^]*${id}`));
});

test("a full and an incremental backup from a standby are verified; a flipped byte is found out", async () => {
  await using cluster = await ownCluster({ name: "verify", compose: "v2", edit: summarizing });
  await cluster.up([...firstLevel, "backup"]);
  const node = await cluster.waitWhole(startMs, firstLevel);
  const backup = await cluster.container("backup");
  await cluster.psql(node, "create table checked as select n, md5(n::text) as t from generate_series(1, 20000) n");
  await cluster.psql(node, "vacuum freeze checked");
  const file = await cluster.psql(node, "select pg_relation_filepath('checked')");
  await waitReceiving(cluster, node);
  await checkpointOn(cluster, node, firstLevel.filter((n) => n !== node));
  const taken = await exec(backup, ["postdock", "barman", "backup"], 180_000);
  assert.match(taken, /^Copying from the standby pgslave[13]: it streams timeline 1, /m);
  const commit = await cluster.psql(node, "select clock_timestamp()");
  await cluster.psql(node, "insert into checked values (0, 'after the backup')");
  await received(cluster, node);

  const verify = async () => await tryExec(backup, ["postdock", "barman", "verify", "--json"], 240_000);
  const good = await verify();
  assert.equal(good.code, 0, good.stdout + good.stderr);
  const verified = JSON.parse(good.stdout);
  assert.equal(verified.error, null);
  assert.ok(Date.parse(verified.reached) >= Date.parse(commit), `${verified.reached} is not after ${commit}`);
  assert.match(await exec(backup, ["postdock", "barman", "list"]), /was restored and checked at/);
  const left = await exec(backup, ["sh", "-c", "ls /var/backups/pg_cluster"]);
  assert.doesNotMatch(left, /postdock-verify\s/);

  const id = (await finished(backup)).at(-1)!.id;
  const standbys = firstLevel.filter((n) => n !== node);
  const incremental = await takeIncremental(cluster, node, standbys);
  assert.match(
    await exec(backup, ["postdock", "barman", "list"]),
    new RegExp(`^${incremental} .* standby +on ${id} `, "m"),
  );
  const refused = await tryExec(backup, ["postdock", "barman", "keep", incremental]);
  assert.equal(refused.code, 77, refused.stdout + refused.stderr);
  const combined = await verify();
  assert.equal(combined.code, 0, combined.stdout + combined.stderr);
  assert.equal(JSON.parse(combined.stdout).backup, incremental);

  // the newest backup is the incremental one, and this page of it is in the full one
  const page = `/var/backups/pg_cluster/base/${id}/data/${file}`;
  await exec(backup, ["sh", "-c", `printf X | dd of=${page} bs=1 seek=9000 conv=notrunc status=none`]);
  const bad = await verify();
  assert.equal(bad.code, 1, bad.stdout + bad.stderr);
  assert.match(JSON.parse(bad.stdout).error, /page verification failed|invalid page|checksum/i);
  const shown = async () => BarmanStatus.parse(await cluster.status("backup")).verified?.error ?? null;
  await waitUntil(shown, { what: "the failure in /status", deadlineMs: 30_000 }, deps);
  assert.match(await exec(backup, ["postdock", "barman", "list"]), /verification of \d{8}T\d{6} at .* FAILED/);
});
