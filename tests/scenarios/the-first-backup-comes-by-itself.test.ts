// Promise: the first base backup is taken by itself, slowly if asked, and one that fails is taken again. A copy of it has
// tablespaces of its own. It is verified by schedule, with a query of the operator's. A program is told of each, and of the loss of
// the primary; the history has them too.
import assert from "node:assert/strict";
import { test } from "node:test";
import { BarmanStatus } from "../../core/protocol/status.ts";
import { systemClock, waitUntil } from "../../core/runtime/time.ts";
import type { Window } from "../../roles/barman/decide/recoverable.ts";
import { attempt } from "../../tools/terminal.ts";
import { restore, waitBackup } from "../support/barman.ts";
import { ownCluster, startMs } from "../support/clusters.ts";
import type { Edit } from "../support/compose-file.ts";
import { exec, logsOf, tryExec } from "../support/docker.ts";

const deps = { clock: systemClock };
const backupMs = 120_000;

test("the first base backup is taken by itself, slowly if asked, and again if it fails", async () => {
  const slow: Edit = (file) => {
    const { backup } = file.services;
    const verified = { VERIFY_SCHEDULE: "* * * * *", VERIFY_SQL: "select 1 / count(*) from placed" };
    const told = { ON_EVENT_COMMAND: '["/usr/bin/tee", "-a", "/tmp/events"]' };
    backup!.environment = { ...backup!.environment, BACKUP_RATE: "4MB", ...verified, ...told };
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
  const id = await waitBackup(backup, backupMs);
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
  assert.equal((await exec(backup, ["stat", "-c", "%a", "/var/backups"])).trim(), "700");

  const verified = async () => (await status()).verified;
  const found = await waitUntil(verified, { what: "a verification by schedule", deadlineMs: 120_000 }, deps);
  assert.deepEqual([found.backup, found.error], [id, null]);
  const empty = ["docker", "exec", "-e", "VERIFY_SQL=select 1 / count(*) from placed where n < 0", backup];
  const failed = await attempt([...empty, "postdock", "barman", "verify"], { timeoutMs: 240_000 });
  assert.equal(failed.code, 1, failed.stdout + failed.stderr);
  assert.match(failed.stdout + failed.stderr, /division by zero/);
  assert.match(await logsOf(backup), /"event":"Base backup failed"[^]*"event":"The base backup is tried again"/);

  await cluster.kill("pgmaster");
  const events = [
    ["backup", "Base backup failed"],
    ["backup", "Base backup is complete with its WAL"],
    ["drill", "The newest backup can be restored"],
    ["degraded", "No primary in sight"],
  ] as const;
  let heard = "";
  const arrived = async () => {
    heard = await exec(backup, ["cat", "/tmp/events"]);
    return events.every(([kind, event]) => new RegExp(`"kind":"${kind}".*"event":"${event}"`).test(heard));
  };
  await waitUntil(arrived, { what: "the program to be told", deadlineMs: backupMs, why: () => heard }, deps);
  const history = (await tryExec(backup, ["postdock", "cluster", "history"])).stdout;
  for (const [, event] of events) assert.match(history, new RegExp(`  (backup|barman)  ${event}`));
});
