// Promise: base backups and WAL are also in an object store, and the cluster comes back from there when all volumes are lost. A
// store that fails delays nothing, and is named with the variable to look at. Retention and exemptions are followed there.
import assert from "node:assert/strict";
import { test } from "node:test";
import { systemClock, waitUntil } from "../../core/runtime/time.ts";
import { BarmanStatus } from "../../core/protocol/status.ts";
import { Alarms, hurriedPrometheus } from "../support/alarms.ts";
import { backupsOf, received, restore, waitReceiving } from "../support/barman.ts";
import type { Cluster } from "../support/cluster.ts";
import { ownCluster, startMs } from "../support/clusters.ts";
import { allOf, setEnvironment } from "../support/compose-file.ts";
import { docker, exec, logsOf } from "../support/docker.ts";
import { accessKey, makeBucket, secretKey, storedIn, waitStored, withStore } from "../support/object-store.ts";

const deps = { clock: systemClock };
const node = "pgmaster";

async function cloudOf(cluster: Cluster) {
  const status = BarmanStatus.parse(await cluster.status("backup"));
  assert.ok(status.cloud !== null);
  return status.cloud;
}

/** Closes the present segment, and waits until the store has all WAL up to it. */
async function allStored(cluster: Cluster): Promise<void> {
  const wal = await cluster.psql(node, "select pg_walfile_name(pg_current_wal_lsn())");
  await cluster.psql(node, "select pg_switch_wal(); select pg_log_standby_snapshot()");
  await received(cluster, node);
  await waitStored(await cluster.container("backup"), (s) => (s.lastWal ?? "") >= wal, `WAL up to ${wal} to be stored`);
}

test("backups and WAL go to the object store, and the cluster comes back from there alone", async () => {
  const alone = { PARTNER_NODES: null };
  await using cluster = await ownCluster({
    name: "cloud",
    edit: allOf(await withStore(), (file) => {
      setEnvironment(file, node, alone);
      setEnvironment(file, "backup", { BACKUP_RETENTION_COUNT: 1 });
    }),
  });
  await cluster.up([node, "backup", "store"]);
  await cluster.waitWhole(startMs, [node]);
  let backup = await cluster.container("backup");
  const failing = async () => (await cloudOf(cluster)).failing;
  await waitUntil(async () => (await failing()) !== null, {
    what: "the missing bucket to be reported",
    deadlineMs: startMs,
  }, deps);
  await makeBucket(cluster);
  const first =
    (await waitStored(backup, (s) => s.backups[0]?.whole === true, "the first backup to be stored")).backups[0]!.id;

  // what is wrong is named by its variable, and the secret is nowhere
  for (
    const [variable, value, said] of [
      ["CLOUD_BACKUP_ACCESS_KEY", "AKIASOMEBODY", /correct CLOUD_BACKUP_ACCESS_KEY/],
      ["CLOUD_BACKUP_URL", "s3://nobodys", /There is no bucket nobodys.*correct CLOUD_BACKUP_URL/],
      ["CLOUD_BACKUP_ENDPOINT", "http://store:1", /does not answer.*correct CLOUD_BACKUP_ENDPOINT/],
    ] as const
  ) {
    const asked = await docker(["exec", "-e", `${variable}=${value}`, backup, "postdock", "barman", "list"]);
    assert.match(asked, said);
  }
  const wrong = "CLOUD_BACKUP_SECRET_KEY_FILE=/etc/hostname";
  assert.match(
    await docker(["exec", "-e", wrong, backup, "postdock", "barman", "list"]),
    /refuses the secret.*correct CLOUD_BACKUP_SECRET_KEY/,
  );

  // a file with the key, as people have it from AWS
  const file = `[default]\naws_access_key_id = ${accessKey}\naws_secret_access_key = ${secretKey}\n`;
  await exec(backup, ["sh", "-c", `printf '${file}' > /run/aws && chown postgres /run/aws && chmod 600 /run/aws`]);
  const listWith = (credentials: string) => {
    const variables = { CREDENTIALS: credentials, ACCESS_KEY: "", SECRET_KEY_FILE: "" };
    const given = Object.entries(variables).flatMap(([name, value]) => ["-e", `CLOUD_BACKUP_${name}=${value}`]);
    return docker(["exec", ...given, backup, "postdock", "barman", "list", "--json"]);
  };
  assert.equal(JSON.parse(await listWith("/run/aws")).store.backups[0].id, first);
  assert.match(JSON.parse(await listWith("/run/none")).store.error, /There is no key for the object store in/);

  await using prometheus = await hurriedPrometheus(cluster);
  const alarms = new Alarms(prometheus);

  // the store is away: WAL and a base backup go on here, and all of it is stored once it is back
  await exec(backup, ["postdock", "barman", "keep", first]);
  await cluster.stop("store", 1);
  await cluster.psql(node, "create table ledger as select generate_series(1, 1000) as n");
  await exec(backup, ["postdock", "barman", "backup"], 180_000);
  const second = (await backupsOf(backup)).at(-1)!;
  assert.notEqual(second, first);
  const reported = async () => {
    const { failing, waitingBackups, waitingWalFiles } = await cloudOf(cluster);
    return /does not answer/.test(failing?.what ?? "") && waitingBackups! > 0 && waitingWalFiles! > 0;
  };
  await waitUntil(
    reported,
    { what: "the store's absence, and what waits for it, to be reported", deadlineMs: 90_000 },
    deps,
  );
  assert.match(await exec(backup, ["postdock", "metrics"]), /^postdock_barman_cloud_ok 0$/m);
  await alarms.fire(["PostDockStoreFails"]);
  await cluster.start("store");
  const both = await waitStored(
    backup,
    (s) => s.backups.length === 2 && s.backups.every((b) => b.whole),
    "both backups to be stored",
  );
  assert.deepEqual(both.backups.map((b) => b.id), [first, second]);
  await waitStored(backup, (s) => s.backups[0]!.keep === "standalone", "the first backup to be kept there too");
  await exec(backup, ["postdock", "barman", "keep", first, "--release"]);
  await waitStored(backup, (s) => s.backups.map((b) => b.id).join() === second, "the first backup to be removed there");
  await allStored(cluster);
  await waitUntil(async () => (await failing()) === null, { what: "nothing to fail", deadlineMs: 60_000 }, deps);
  assert.match(await exec(backup, ["postdock", "metrics"]), /^postdock_barman_cloud_ok 1$/m);
  await alarms.clear(["PostDockStoreFails"]);
  for (const process of ["ps -ef", "cat /proc/*/cmdline"]) {
    assert.ok(!(await exec(backup, ["sh", "-c", `${process} || true`])).includes(secretKey));
  }
  assert.ok(!(await logsOf(backup)).includes(secretKey));

  // all volumes are lost: a new, empty cluster is not taken for the old one, whose backups stay as they are
  await cluster.stop(node);
  const before = await storedIn(backup);
  await cluster.wipe("backup");
  await cluster.wipe(node);
  backup = await cluster.container("backup");
  const fresh = async () => (await cluster.nodeStatus(node).catch(() => null))?.postgres.role === "primary";
  await waitUntil(fresh, { what: "a new, empty cluster", deadlineMs: startMs }, deps);
  assert.deepEqual(await backupsOf(backup), []);

  const copy = await restore(backup, "--into", "/tmp/copy", "--start", "--yes");
  assert.equal(copy.code, 0, copy.stdout + copy.stderr);
  assert.match(copy.stdout, /it is fetched from the object store first/);
  const count = [
    "gosu",
    "postgres",
    "psql",
    "-h",
    "/tmp/copy",
    "-d",
    "monkey_db",
    "-AtXc",
    "select count(*) from ledger",
  ];
  assert.equal((await exec(backup, count)).trim(), "1000");
  assert.deepEqual(await storedIn(backup), before, "the new cluster has stored nothing");
  assert.match(await exec(backup, ["postdock", "barman", "fetch", second]), /is here already/);
  const pgCtl = "/usr/lib/postgresql/17/bin/pg_ctl";
  await exec(backup, ["gosu", "postgres", pgCtl, "-D", "/tmp/copy", "-m", "immediate", "stop"]);

  const restored = await restore(backup, "--to", "latest", "--to-node", node, "--replace", "--yes");
  assert.equal(restored.code, 0, restored.stdout + restored.stderr);
  await cluster.waitWhole(startMs, [node]);
  assert.equal(await cluster.psql(node, "select count(*) from ledger"), "1000");
  await waitReceiving(cluster, node);
  const last = (await backupsOf(backup)).at(-1)!;
  assert.notEqual(last, second, "a new base backup");
  await waitStored(backup, (s) => s.backups.some((b) => b.id === last && b.whole), "the new backup to be stored");
});
