// Promise: a cluster with tablespaces is restored into a node, each tablespace at its own path, and into a copy, below its directory.
// Its backups are compressed (BACKUP_COMPRESSION), and each is unpacked where it is used. They come by SSH (--ssh) or through barman's
// agent.
// Old content is kept with the old data. What cannot be placed is refused by its name, before anything stops.
import assert from "node:assert/strict";
import { test } from "node:test";
import { systemClock, waitUntil } from "../../core/runtime/time.ts";
import { backupsOf, received, restore } from "../support/barman.ts";
import { type Cluster, firstLevel } from "../support/cluster.ts";
import { ownCluster, startMs } from "../support/clusters.ts";
import { setEnvironment } from "../support/compose-file.ts";
import { exec, logsOf } from "../support/docker.ts";
import { withVolume } from "../support/variants.ts";
import { wholeMs } from "../support/waits.ts";

const deps = { clock: systemClock };
const fast = "/spaces/fast";
const late = "/spaces/late";

const inNode = async (cluster: Cluster, node: string, ...argv: string[]) =>
  await exec(await cluster.container(node), argv);

/** What a tablespace's directory holds on a node. */
const entries = async (cluster: Cluster, node: string, path: string) =>
  (await inNode(cluster, node, "ls", "-A", path)).split("\n").filter((name) => name !== "");

async function allHave(cluster: Cluster, sql: string, expected: string): Promise<void> {
  for (const host of firstLevel) {
    const has = async () => await cluster.psql(host, sql).catch(() => "") === expected;
    await waitUntil(has, { what: `${host} to answer ${expected} to ${sql}`, deadlineMs: 90_000 }, deps);
  }
}

test("a cluster with tablespaces goes back, is copied, and its standbys follow", async () => {
  await using cluster = await ownCluster({
    name: "tablespaces",
    edit: (file) => {
      [fast, late].forEach((path) => withVolume(path)(file));
      setEnvironment(file, "backup", { BACKUP_COMPRESSION: "zstd" });
    },
  });
  await cluster.up([...firstLevel, "backup"]);
  const node = await cluster.waitWhole(startMs, firstLevel);
  await cluster.waitLease(firstLevel);
  const backup = await cluster.container("backup");
  for (const host of firstLevel) await inNode(cluster, host, "chown", "postgres:postgres", fast, late);
  await cluster.psql(node, `create tablespace fast location '${fast}'`);
  await cluster.psql(node, "create table ledger tablespace fast as select generate_series(1, 1000) as n");
  await exec(backup, ["postdock", "barman", "backup"], 180_000);
  const first = (await backupsOf(backup)).at(-1)!;
  await cluster.psql(node, "insert into ledger values (1001)");
  await cluster.psql(node, `create tablespace late location '${late}'`);
  await cluster.psql(node, "create table younger tablespace late as select generate_series(1, 1000) as n");
  const lsn = await cluster.psql(node, "select pg_current_wal_insert_lsn()");
  await cluster.psql(node, "insert into younger select generate_series(1001, 100000)");
  await cluster.psql(node, "drop table ledger");
  await received(cluster, node);
  const again = async () => {
    const newest = (await backupsOf(backup)).at(-1)!;
    return newest !== first && (await exec(backup, ["barman", "show-backup", "pg_cluster", newest])).includes(late);
  };
  await waitUntil(again, { what: "a backup with the new tablespace", deadlineMs: 120_000, everyMs: 1_000 }, deps);
  await exec(backup, ["postdock", "barman", "verify"], 180_000);

  // a copy has its own tablespaces, and the backup stays as it was
  const base = "/var/backups/pg_cluster/base";
  assert.match(await exec(backup, ["ls", `${base}/${first}/data`]), /^base\.tar\.zst$/m);
  const sums = () =>
    exec(backup, ["sh", "-c", `find -L ${base}/${first} -type f | sort | xargs sha256sum | sha256sum`]);
  const before = await sums();
  const copied = await restore(
    backup,
    "--backup",
    first,
    "--to",
    "immediate",
    "--into",
    "/tmp/copy",
    "--start",
    "--yes",
  );
  assert.equal(copied.code, 0, copied.stdout + copied.stderr);
  assert.match(copied.stdout, /tablespace fast into \/tmp\/copy\/tablespaces\/\d+/);
  const inCopy = (sql: string) =>
    exec(backup, ["gosu", "postgres", "psql", "-h", "/tmp/copy", "-d", "monkey_db", "-AtXc", sql]);
  assert.equal((await inCopy("select count(*) from ledger")).trim(), "1000");
  await inCopy("insert into ledger select generate_series(1, 10000)");
  await inCopy("checkpoint");
  assert.equal(await sums(), before, "a copy that is written to leaves the backup as it was");
  const pgCtl = "pg_ctl";
  await exec(backup, ["gosu", "postgres", pgCtl, "-D", "/tmp/copy", "-m", "immediate", "stop"]);
  await exec(backup, ["rm", "-rf", "/tmp/copy"]);
  const young = await restore(backup, "--to", lsn, "--into", "/tmp/copy", "--start", "--yes");
  assert.notEqual(young.code, 0);
  assert.match(young.stdout + young.stderr, /tablespace.*created after this backup/);
  await exec(backup, ["rm", "-rf", "/tmp/copy"]);

  // refused by name, before anything stops
  await inNode(cluster, node, "chown", "root", fast);
  for (const how of ["--dry-run", "--yes"]) {
    const refused = await restore(backup, "--to", lsn, how);
    assert.equal(refused.code, 77, refused.stdout + refused.stderr);
    assert.match(refused.stderr, /tablespace fast belongs to \/spaces\/fast, which has the owner 0/);
  }
  assert.equal((await cluster.answer(node)).paused.on, false);
  await inNode(cluster, node, "chown", "postgres", fast);

  // by SSH, from where it was unpacked; the next one goes through barman's agent
  const restored = await restore(backup, "--to", lsn, "--ssh", "--yes");
  assert.equal(restored.code, 0, restored.stdout + restored.stderr);
  assert.match(restored.stdout, /^unpacked +in \/var\/backups, about /m);
  assert.match(restored.stdout, /^copied +by SSH/m);
  assert.match(await logsOf(await cluster.container(node)), /"event":"Fetching a base backup"[^\n]*"by":"ssh"/);
  assert.match(await logsOf(backup), /Accepted publickey for postgres/);
  assert.match(restored.stdout, /tablespace fast, .* at \/spaces\/fast of that node/);
  assert.equal(await cluster.waitWhole(startMs, firstLevel), node);
  await allHave(cluster, "select (select count(*) from ledger) || ' ' || (select count(*) from younger)", "1001 1000");
  assert.equal((await entries(cluster, node, fast)).length, 2, "the old content is kept beside the restored one");
  await cluster.psql(node, "insert into ledger values (1002)");

  // undone, the content from before comes back
  await received(cluster, node);
  const held = await restore(backup, "--to", "immediate", "--pause", "--yes");
  assert.equal(held.code, 0, held.stdout + held.stderr);
  const undone = await restore(backup, "abort");
  assert.equal(undone.code, 0, undone.stdout + undone.stderr);
  assert.equal(await cluster.waitWhole(startMs, firstLevel), node);
  await allHave(cluster, "select (select count(*) from ledger) || ' ' || (select count(*) from younger)", "1002 1000");

  // the restored node keeps old data in its tablespaces, and comes back as a standby with them
  await cluster.kill(node);
  const next = await cluster.waitSuccessor(node, firstLevel, wholeMs);
  await cluster.psql(next, "insert into ledger values (1003)");
  await cluster.start(node);
  await cluster.waitWhole(startMs, firstLevel);
  await allHave(cluster, "select count(*) from ledger", "1003");
  assert.equal((await entries(cluster, node, fast)).length, 2, "still kept");

  // a standby that has tablespaces is cloned again, also if only its data directory is lost
  const standby = firstLevel.find((host) => host !== node && host !== next)!;
  await exec(await cluster.container(standby), ["postdock", "cluster", "reinit", standby], 120_000);
  await allHave(cluster, "select count(*) from ledger", "1003");
  await cluster.wipe(standby);
  await cluster.waitWhole(startMs, firstLevel);
  await allHave(cluster, "select count(*) from ledger", "1003");
  assert.deepEqual((await entries(cluster, standby, fast)).filter((name) => !/^PG_17_/.test(name)), []);
});
