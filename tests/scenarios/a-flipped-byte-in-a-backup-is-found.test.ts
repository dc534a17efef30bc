// Promise: a verification restores a backup, a full one or one that builds on it, starts it, checks it and throws it away. It finds a
// flipped byte in the backup or in its WAL, and says so.
import assert from "node:assert/strict";
import { test } from "node:test";
import { BarmanStatus } from "../../core/protocol/status.ts";
import { systemClock, waitUntil } from "../../core/runtime/time.ts";
import {
  backupsOf,
  checkpointOn,
  received,
  restore,
  summarizing,
  takeIncremental,
  waitBackup,
  waitReceiving,
} from "../support/barman.ts";
import { firstLevel } from "../support/cluster.ts";
import { ownCluster, startMs } from "../support/clusters.ts";
import { exec, tryExec } from "../support/docker.ts";

const deps = { clock: systemClock };

test("a full and an incremental backup from a standby are verified; a flipped byte is found out", async () => {
  await using cluster = await ownCluster({ name: "verify", compose: "v2", edit: summarizing });
  await cluster.up([...firstLevel, "backup"]);
  const node = await cluster.waitWhole(startMs, firstLevel);
  const backup = await cluster.container("backup");
  await cluster.psql(node, "create table checked as select n, md5(n::text) as t from generate_series(1, 20000) n");
  await cluster.psql(node, "vacuum freeze checked");
  const file = await cluster.psql(node, "select pg_relation_filepath('checked')");
  await waitReceiving(cluster, node);
  const automatic = await waitBackup(backup, 120_000); // the one that is taken by itself: its end moves what a standby's checkpoint has to reach
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

  const id = (await backupsOf(backup)).at(-1)!;
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

  // from WAL that cannot be read nothing can be restored, although PostgreSQL would take it for the end of WAL
  const shownAs = JSON.parse(await exec(backup, ["barman", "-f", "json", "show-backup", "pg_cluster", incremental]));
  const begin: string = shownAs.pg_cluster.base_backup_information.begin_wal;
  const wal = `/var/backups/pg_cluster/wals/${begin.slice(0, 16)}/${begin}`;
  await exec(backup, [
    "sh",
    "-c",
    `cp -p ${wal} /tmp/wal; printf X | dd of=${wal} bs=1 seek=2000 conv=notrunc status=none`,
  ]);
  const cut = await verify();
  assert.notEqual(cut.code, 0, cut.stdout + cut.stderr);
  assert.match(cut.stdout + cut.stderr, new RegExp(`${begin}( cannot be read|\\S* could not be copied|: )`));
  const plan = async (...args: string[]) => await restore(backup, ...args, "--dry-run", "--json");
  const unread = await plan("--backup", incremental);
  assert.equal(unread.code, 77, unread.stdout + unread.stderr);
  assert.match(unread.stderr, new RegExp(`${begin}.* cannot be read`), "before anything is stopped");
  await exec(backup, ["cp", "-p", "/tmp/wal", wal]);

  // the newest backup is the incremental one, and this page of it is in the full one
  const page = `/var/backups/pg_cluster/base/${id}/data/${file}`;
  await exec(backup, ["sh", "-c", `printf X | dd of=${page} bs=1 seek=9000 conv=notrunc status=none`]);
  const bad = await verify();
  assert.equal(bad.code, 1, bad.stdout + bad.stderr);
  assert.match(JSON.parse(bad.stdout).error, /page verification failed|invalid page|checksum/i);
  const shown = async () => BarmanStatus.parse(await cluster.status("backup")).verified?.error ?? null;
  await waitUntil(shown, { what: "the failure in /status", deadlineMs: 60_000 }, deps);
  const listed = await exec(backup, ["postdock", "barman", "list"]);
  assert.match(listed, /verification of \d{8}T\d{6} at .* FAILED/);
  // neither it nor the one that it builds on is used by itself, and the plan says so of one that is named
  for (const doubtful of [id, incremental]) assert.match(listed, new RegExp(`^${doubtful} +DONE, doubtful `, "m"));
  const sound = await plan();
  assert.equal(sound.code, 0, sound.stdout + sound.stderr);
  assert.equal(JSON.parse(sound.stdout).backup, automatic);
  const named = await plan("--backup", id);
  assert.match(JSON.parse(named.stdout).doubt, new RegExp(`^the verification of ${incremental} failed: `));
  await exec(backup, ["barman", "delete", "pg_cluster", automatic], 120_000);
  const refusedNow = await plan();
  assert.equal(refusedNow.code, 77, refusedNow.stdout + refusedNow.stderr);
  assert.match(refusedNow.stderr, new RegExp(`verification of ${incremental} failed: .*--backup ${incremental}`));
});
