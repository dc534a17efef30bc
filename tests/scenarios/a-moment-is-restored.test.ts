// Promise: a moment before a mistake is restored by one command: into a copy beside the cluster, which is not touched. A moment
// that cannot be restored is refused before anything is changed, with the nearest one that can.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { systemClock, waitUntil } from "../../core/runtime/time.ts";
import { root } from "../../tools/terminal.ts";
import {
  askCopy,
  backupsOf,
  endCopy,
  received,
  restore,
  summarizing,
  takeIncremental,
  waitReceiving,
} from "../support/barman.ts";
import { type Cluster, firstLevel } from "../support/cluster.ts";
import { ownCluster, startMs } from "../support/clusters.ts";
import { exec, tryExec } from "../support/docker.ts";

const deps = { clock: systemClock };

/** barman's word for how long it keeps a backup, from barman itself: it is asked while a restore runs. */
async function retentionOf(id: string, backup: string): Promise<string> {
  const listed = JSON.parse(await exec(backup, ["barman", "-f", "json", "list-backups", "pg_cluster"]));
  const found = listed.pg_cluster.find((b: { backup_id: string }) => b.backup_id === id);
  return (found.retention_status ?? "-").replace("-", "VALID");
}

/** Waits until barman keeps a backup, as it does while a restore uses it. */
async function waitKept(id: string, backup: string): Promise<void> {
  const kept = async () => await retentionOf(id, backup) === "KEEP:FULL";
  await waitUntil(kept, { what: `${id} to be kept for the restore`, deadlineMs: 30_000, everyMs: 50 }, deps);
}

/** Brings the dropped table back from the copy into the running cluster, with the command of docs/recovery.md. */
async function bringBack(cluster: Cluster, backup: string, primary: string, said: string): Promise<void> {
  const page = await readFile(join(root, "docs", "recovery.md"), "utf8");
  const [command] = /^gosu postgres pg_dump .* -t TABLE .*$/m.exec(page)!;
  const [printed] = /gosu postgres pg_dump .* -t TABLE .*$/m.exec(said)!;
  const form = (typed: string) => typed.replace(/host=\S+ (port=5432 )?/, "host=NODES ");
  assert.equal(form(printed), form(command), "the page shows what is printed");
  const typed = printed.replace("TABLE", "ledger");
  for (const what of ["a dropped table", "one that is there, with other rows"]) {
    await exec(backup, ["bash", "-eo", "pipefail", "-c", typed]);
    assert.equal(await cluster.psql(primary, "select count(*) from ledger"), "1000", what);
    await cluster.psql(primary, "delete from ledger where n > 10");
  }
  await cluster.psql(primary, "drop table ledger");
}

test("a dropped table comes back into a copy, to the second and to the commit, also over a failover", async () => {
  await using cluster = await ownCluster({ name: "moment" });
  await cluster.up([...firstLevel, "backup"]);
  const old = await cluster.waitWhole(startMs, firstLevel);
  await cluster.waitLease(firstLevel);
  const backup = await cluster.container("backup");
  const taken = async () => (await backupsOf(backup)).at(-1) ?? null;
  const id = await waitUntil(taken, { what: "a base backup", deadlineMs: startMs, everyMs: 1_000 }, deps);
  await cluster.psql(old, "create table ledger as select generate_series(1, 1000) as n");
  const before = await cluster.psql(old, "select clock_timestamp()");
  await cluster.psql(old, "insert into ledger values (1001)");
  const lsn = await cluster.psql(old, "select pg_current_wal_insert_lsn()");
  await cluster.psql(old, "drop table ledger");
  await received(cluster, old);

  await cluster.kill(old);
  const promoted = await cluster.waitWhole(undefined, firstLevel.filter((n) => n !== old));
  await cluster.psql(promoted, "create table after_failover as select 1 as n");
  await cluster.psql(promoted, "select pg_create_restore_point('before the change')");
  await cluster.psql(promoted, "insert into after_failover values (2)");
  const xid = await cluster.psql(promoted, "insert into after_failover values (3) returning pg_current_xact_id()");
  await cluster.psql(promoted, "insert into after_failover values (4)");
  await waitReceiving(cluster, promoted);
  await received(cluster, promoted);

  const dry = await restore(backup, "--to", before, "--into", "/tmp/dry", "--dry-run", "--json");
  assert.equal(dry.code, 0, dry.stderr);
  assert.deepEqual([JSON.parse(dry.stdout).backup, JSON.parse(dry.stdout).stopsAt], [id, "record"]);
  assert.equal((await tryExec(backup, ["ls", "/tmp/dry"])).code, 2, "a dry run changes nothing");
  const plannedEnd = async () =>
    JSON.parse((await restore(backup, "--into", "/tmp/dry", "--dry-run", "--json")).stdout).lastCommit;
  const lastCommit = await plannedEnd();
  assert.ok(lastCommit.xid > Number(xid.split("\n")[0]), "the plan for the last byte names the last commit");
  const { windows, newest } = JSON.parse(await exec(backup, ["postdock", "barman", "list", "--json"]));
  const later = await plannedEnd(); // repmgrd writes its events beside us
  assert.equal(windows.length, 2);
  const times = windows.flatMap((w: { fromTime: string; toTime: string }) => [w.fromTime, w.toTime]);
  assert.deepEqual(times, times.toSorted(), "one timeline after the other");
  assert.equal(times.at(-1), newest);
  assert.ok(lastCommit.at <= newest && newest <= later.at, `${lastCommit.at}, ${newest}, ${later.at}`);
  const nosuch = await tryExec(backup, ["postdock", "barman", "verify", "nosuch"]);
  assert.match(nosuch.stderr, /there is no finished backup nosuch.*or leave the backup out/);

  const cases: [string, string, string][] = [
    [before, "select count(*) from ledger", "1000"],
    [lsn, "select count(*) from ledger", "1001"],
    ["name:before the change", "select count(*) from after_failover", "1"],
    [`xid:${xid.split("\n")[0]}`, "select max(n) from after_failover", "3"],
    ["latest", "select max(n) from after_failover", "4"],
    ["immediate", "select to_regclass('ledger') is null", "t"],
  ];
  for (const [to, sql, expected] of cases) {
    const restoring = restore(backup, "--to", to, "--into", "/tmp/copy", "--start", "--yes");
    if (to === "latest") await waitKept(id, backup);
    const restored = await restoring;
    assert.equal(await retentionOf(id, backup), "VALID", "kept no longer than the restore takes");
    assert.equal(restored.code, 0, `${to}: ${restored.stdout}${restored.stderr}`);
    assert.equal(await askCopy(backup, "/tmp/copy", sql), expected, to);
    if (to === before) await bringBack(cluster, backup, promoted, restored.stdout);
    await endCopy(backup, "/tmp/copy");
  }

  for (
    const [args, code, said] of [
      [["--to", "2026-01-01 10:00:00"], 64, /no time zone; 2026-01-01 10:00:00\+00 would be UTC/],
      [
        ["--to", "2020-01-01 10:00:00+00"],
        77,
        /before the end of the first backup.*--backup \d{8}T\d{6} --to immediate/,
      ],
      [["--to", "2999-01-01 10:00:00+00"], 77, /in the future.*--to latest/],
      [["--to", "FF/0"], 77, /beyond all WAL that was received/],
      [["--to", "xid:4000000000"], 77, /no commit of transaction 4000000000 is in WAL from/],
      [["--to", "name:nothing"], 77, /no restore point "nothing" is in WAL/],
      [["--timeline", "4000"], 77, /the history of timeline 4000 is not in the archive/],
      [["--backup", "20200101T000000"], 77, /no finished backup 20200101T000000/],
      [["--to", "latest", "--into", "/etc"], 77, /\/etc is not empty/],
    ] as const
  ) {
    const into = args.includes("--into" as never) ? [] : ["--into", "/tmp/copy"];
    const refused = await restore(backup, ...args, ...into, "--yes");
    assert.equal(refused.code, code, `${args}: ${refused.stdout}${refused.stderr}`);
    assert.match(refused.stderr, said);
  }
  assert.equal((await tryExec(backup, ["ls", "/tmp/copy"])).code, 2, "what is refused changes nothing");
});

test("the whole cluster goes back to the moment before a mistake, with one command", async () => {
  await using cluster = await ownCluster({ name: "goback", edit: summarizing });
  await cluster.up([...firstLevel, "pgpool", "backup"]);
  const node = await cluster.waitWhole(startMs, firstLevel);
  await cluster.waitLease(firstLevel);
  const backup = await cluster.container("backup");
  const taken = async () => (await backupsOf(backup)).at(-1) ?? null;
  const full = await waitUntil(taken, { what: "a base backup", deadlineMs: startMs, everyMs: 1_000 }, deps);
  await cluster.psql(node, "create table ledger as select generate_series(1, 500) as n");
  const incremental = await takeIncremental(cluster, node, firstLevel.filter((n) => n !== node));
  await cluster.psql(node, "insert into ledger select generate_series(501, 1000)");
  const before = await cluster.psql(node, "select clock_timestamp()");
  await cluster.psql(node, "drop table ledger; create table mistake (n int)");
  await received(cluster, node);

  const dry = await restore(backup, "--to", before, "--dry-run");
  assert.equal(dry.code, 0, dry.stderr);
  assert.match(
    dry.stdout,
    new RegExp(`^backup +${incremental}, .*\\nbuilds on ${full}, with which it is combined$`, "m"),
  );
  assert.match(dry.stdout, /^combined +in \/var\/backups, about /m);
  assert.match(dry.stdout, new RegExp(`^node +${node}, .* free; its old data are kept`, "m"));
  assert.match(dry.stdout, new RegExp(`^lost +WAL written after that moment: .*${node} `, "m"));

  const other = firstLevel.find((host) => host !== node)!;
  for (const how of ["--dry-run", "--yes"]) {
    const refused = await restore(backup, "--to", before, "--to-node", other, how);
    assert.equal(refused.code, 77, refused.stdout + refused.stderr);
    assert.match(refused.stderr, new RegExp(`${node} is the primary; restore that node, or first type`));
  }
  assert.equal((await cluster.nodeStatus(node))?.paused.on, false, "what is refused pauses nothing");

  const restoring = restore(backup, "--to", before, "--yes");
  await waitKept(full, backup); // on which the incremental one builds
  const restored = await restoring;
  assert.equal(restored.code, 0, restored.stdout + restored.stderr);
  assert.equal(await cluster.waitWhole(undefined, firstLevel), node);
  for (const host of firstLevel) {
    const has = async () => await cluster.psql(host, "select count(*) from ledger").catch(() => "") === "1000";
    await waitUntil(has, { what: `${host} to have the table`, deadlineMs: 60_000 }, deps);
    assert.equal(await cluster.psql(host, "select to_regclass('mistake') is null"), "t");
  }
  const status = await cluster.nodeStatus(node);
  assert.deepEqual([status?.paused.on, status?.restore, status?.lastRestore?.undone], [false, null, false]);
  await cluster.waitPool(firstLevel);
  await waitReceiving(cluster, node);
  assert.equal((await backupsOf(backup)).length, 3, "a new base backup");
  const left = await exec(backup, ["sh", "-c", "ls /var/backups/pg_cluster"]);
  assert.doesNotMatch(left, /postdock-combined/);
  // it is said that the old data are there, and until when
  const known = async () => (await cluster.nodeStatus(node))?.kept?.untilMs ?? null;
  await waitUntil(known, { what: "the node to know of the new backup", deadlineMs: 60_000, everyMs: 500 }, deps);
  for (const command of ["show", "doctor"]) {
    const said = (await tryExec(backup, ["postdock", "cluster", command])).stdout;
    assert.match(said, /keeps .* of data from before its restore of .*, until 20.* UTC, or until room is needed/);
  }
  const metrics = await exec(await cluster.container(node), ["postdock", "metrics"]);
  assert.match(metrics, /^postdock_restore_last_undone\{node="\w+"\} 0$/m);
  assert.match(metrics, /^postdock_restore_kept_bytes\{node="\w+"\} \d{7,}$/m);
  assert.match((await restore(backup, "clean")).stdout, /the old data of \S+ are removed/);

  // another restore over the restored cluster, looked at, and undone
  await cluster.psql(node, "insert into ledger values (1001)");
  await received(cluster, node);
  const held = await restore(backup, "--to", "immediate", "--pause", "--yes");
  assert.equal(held.code, 0, held.stdout + held.stderr);
  assert.match(held.stdout, /is read-only at the target/);
  assert.equal(await cluster.psql(node, "select count(*) from ledger"), "1000");
  const undone = await restore(backup, "abort");
  assert.equal(undone.code, 0, undone.stdout + undone.stderr);
  assert.equal(await cluster.waitWhole(undefined, firstLevel), node);
  assert.equal(await cluster.psql(node, "select count(*) from ledger"), "1001");

  // a restore whose order never reached the node: it cannot go on, and ends without a trace
  const record = "/var/backups/pg_cluster/postdock-restore.json";
  const lost = JSON.stringify({ id: "20260101T000000-lost", backup: full, node, hold: false });
  await exec(backup, ["sh", "-c", `echo '${lost}' > ${record}`]);
  const resumed = await restore(backup, "resume");
  assert.equal(resumed.code, 77, resumed.stdout + resumed.stderr);
  assert.match(resumed.stderr, /has no order for the restore .*type postdock barman restore abort/);
  const aborted = await restore(backup, "abort");
  assert.equal(aborted.code, 0, aborted.stdout + aborted.stderr);
  assert.match(aborted.stdout, /never got the order to restore/);
  assert.equal((await tryExec(backup, ["ls", record])).code, 2);
});
