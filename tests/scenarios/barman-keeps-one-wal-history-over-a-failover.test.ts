// Promise: a base backup taken before a failover restores what was written after it: barman follows the new primary by
// itself and its WAL history has no gap.
import assert from "node:assert/strict";
import { test } from "node:test";
import { defaultHttpPort } from "../../config/http-port.ts";
import { Peers } from "../../core/client/peers.ts";
import { systemClock, waitUntil } from "../../core/runtime/time.ts";
import { nodes } from "../support/cluster.ts";
import { waitReceiving } from "../support/barman.ts";
import { exampleCluster } from "../support/clusters.ts";
import { exec, tryExec } from "../support/docker.ts";
import { parseScrape } from "../support/series.ts";

const restored = "/tmp/restored";
const deps = { clock: systemClock };

test("barman keeps one WAL history over a failover", async () => {
  const cluster = await exampleCluster();
  const backup = await cluster.container("backup");
  const old = await cluster.waitWhole();
  await waitReceiving(cluster, old);
  const taken = /Backup (\d{8}T\d{6}) is complete/.exec(await exec(backup, ["postdock", "barman", "backup"], 180_000));
  assert.ok(taken?.[1], "a base backup before the failover");
  await cluster.psql(old, "drop table if exists wal_history; create table wal_history (n int)");
  await cluster.psql(old, "insert into wal_history select generate_series(1, 1000)");

  await cluster.kill(old);
  const promoted = await cluster.waitWhole(undefined, nodes.filter((n) => n !== old));
  const insertedAt = Number(await cluster.psql(promoted, "select extract(epoch from now())"));
  await cluster.psql(promoted, "insert into wal_history select generate_series(1001, 2000)");
  await waitReceiving(cluster, promoted);
  await cluster.start(old);
  await cluster.waitWhole();

  assert.equal(await cluster.psql(promoted, "select count(*) from wal_history"), "2000");
  await exec(backup, ["barman", "switch-wal", "--force", "--archive", "--archive-timeout", "60", "pg_cluster"], 90_000);
  try {
    assert.equal(await restoredCount(backup, taken[1]), "2000");
  } finally {
    await tryExec(backup, ["gosu", "postgres", "pg_ctl", "-D", restored, "-m", "immediate", "stop"]);
    await exec(backup, ["rm", "-rf", restored]);
    await cluster.psql(promoted, "drop table wal_history");
  }
  const peers = new Peers(systemClock, defaultHttpPort);
  const measured = async () => {
    const { values } = parseScrape(await peers.getText((await cluster.address("backup"))!, "/metrics", 5_000));
    const own = (name: string) => values.get(`postdock_barman_${name}`) ?? NaN;
    return own("last_recoverable_time_seconds") >= insertedAt && own("receiver_lag_bytes") === 0
      ? { own, values }
      : null;
  };
  const { own, values } = await waitUntil(
    measured,
    { what: "barman to measure what was written after the failover", deadlineMs: 90_000, everyMs: 1_000 },
    deps,
  );
  assert.deepEqual([own("wal_gaps_total"), own("timelines_with_missing_wal"), own("receiver_lag_seconds")], [0, 0, 0]);
  assert.ok(own("first_recoverable_time_seconds") < insertedAt);
  assert.ok(own("backup_age_seconds") < 600);
  for (const source of ["catalog", "check", "disk", "receiver", "moments"]) {
    assert.ok((values.get(`postdock_metrics_age_seconds{source="${source}"}`) ?? NaN) < 310, source);
  }
});

/** Restores a backup and all WAL after it in the barman container, starts it there and counts. */
async function restoredCount(backup: string, id: string): Promise<string> {
  const asPostgres = ["gosu", "postgres"];
  await exec(
    backup,
    [...asPostgres, "barman", "restore", "--target-tli", "latest", "pg_cluster", id, restored],
    120_000,
  );
  await exec(backup, ["chmod", "700", restored]);
  await exec(backup, ["rm", "-f", `${restored}/standby.signal`]); // a backup that was copied from a standby has it
  await exec(backup, [...asPostgres, "sh", "-c", `echo 'local all all trust' > ${restored}/trust.conf`]);
  const options = "-c listen_addresses= -c unix_socket_directories=/tmp -c port=5999 " +
    `-c shared_preload_libraries= -c hba_file=${restored}/trust.conf`;
  const log = `${restored}/restored.log`;
  await exec(
    backup,
    [...asPostgres, "pg_ctl", "-w", "-t", "60", "-D", restored, "-l", log, "-o", options, "start"],
    90_000,
  );
  const count = [...asPostgres, "psql", "-h", "/tmp", "-p", "5999", "-U", "postgres", "-Atc"];
  await waitUntil(
    async () => (await exec(backup, [...count, "select pg_is_in_recovery()", "postgres"])).trim() === "f",
    { what: "the restored server to have replayed all WAL", deadlineMs: 60_000 },
    deps,
  );
  return (await exec(backup, [...count, "select count(*) from wal_history", "monkey_db"])).trim();
}
