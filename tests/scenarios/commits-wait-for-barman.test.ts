// Promise: with BARMAN_SYNC=1 a commit waits for barman's WAL receiver as well as for the standbys of its mode. A restore then
// loses nothing that was acknowledged. Without barman commits continue.
import assert from "node:assert/strict";
import { test } from "node:test";
import { systemClock, waitUntil } from "../../core/runtime/time.ts";
import { restore } from "../support/barman.ts";
import { allOf } from "../support/compose-file.ts";
import { type Cluster, firstLevel as nodes } from "../support/cluster.ts";
import { ownCluster, startMs } from "../support/clusters.ts";
import { exec } from "../support/docker.ts";
import { Ledger, monkey } from "../support/ledger.ts";
import { assertLedger } from "../support/ledger-report.ts";
import { onNodes, withMode } from "../support/variants.ts";

const deps = { clock: systemClock };

/** Waits until the commits of the primary wait for these. */
async function waitNames(cluster: Cluster, primary: string, wanted: RegExp): Promise<void> {
  const names = async () => wanted.test(await cluster.psql(primary, "show synchronous_standby_names"));
  await waitUntil(names, { what: `commits to wait for ${wanted}`, deadlineMs: 60_000 }, deps);
}

const all = /^FIRST 2 \("barman_receive_wal", "node\d", "node\d"\)$/;

/** Ends once a commit has waited for a while although both standbys have it. */
const waitsAlthough = `do $$ declare seen int := 0; begin for i in 1..3000 loop
  perform pg_stat_clear_snapshot(), pg_sleep(0.01);
  if (select count(*) from pg_stat_activity where wait_event = 'SyncRep') = 1 and (select count(*) from pg_stat_replication
    where application_name like 'node%' and flush_lsn >= pg_current_wal_flush_lsn()) = 2 then seen := seen + 1; end if;
  if seen > 50 then return; end if;
end loop; raise 'no commit waited'; end $$`;

async function untilBarmanIsGone(cluster: Cluster, primary: string, backup: string): Promise<void> {
  const receiver = (signal: string) => exec(backup, ["pkill", `-${signal}`, "-x", "pg_receivewal"]);
  await exec(backup, ["pgrep", "-f", "pg_receivewal .*--synchronous"]); // without this option every commit would wait for 5 s
  await cluster.psql(primary, "create table acknowledged (id int)");
  // it looks from inside: a receiver that does not answer is given up after 5 s
  const seen = cluster.psql(primary, waitsAlthough);
  await receiver("STOP");
  const commit = cluster.psql(primary, "insert into acknowledged values (1)");
  await seen;
  await receiver("CONT");
  await commit;

  await cluster.kill("backup");
  await waitNames(cluster, primary, /^ANY 1 \("node\d", "node\d"\)$/);
  await cluster.psql(primary, "insert into acknowledged values (2)");
  assert.match((await cluster.answer(primary)).consistency.degraded ?? "", /barman: it is not receiving WAL/);
  await cluster.start("backup");
  await waitNames(cluster, primary, all);
}

async function twoVolumesLost(cluster: Cluster, primary: string, backup: string): Promise<void> {
  await exec(backup, ["postdock", "barman", "backup"], 180_000);
  const ledger = await Ledger.start({ ...monkey, host: (await cluster.address(primary))! });
  await ledger.writes(60);
  const [second, left] = nodes.filter((n) => n !== primary) as [string, string];
  await Promise.all([cluster.kill(primary), cluster.kill(second), cluster.kill(left)]);
  await cluster.start(left);
  const ready = async () => (await cluster.nodeStatus(left).catch(() => null))?.postgres.role === "standby";
  await waitUntil(ready, { what: `${left} to run as a standby`, deadlineMs: 60_000 }, deps);
  await Promise.all([cluster.wipe(primary), cluster.wipe(second)]);
  const refused = await restore(backup, "--to", "latest", "--yes");
  assert.equal(refused.code, 69, refused.stdout + refused.stderr);
  assert.match(refused.stderr, /No primary is in sight.*--to-node/);
  const restored = await restore(backup, "--to", "latest", "--to-node", left, "--yes");
  assert.equal(restored.code, 0, restored.stdout + restored.stderr);
  assert.equal(await cluster.waitWhole(startMs, nodes), left);
  const report = await ledger.finish({ ...monkey, host: (await cluster.address(left))! });
  assertLedger("two volumes of three lost, then restored", report, { atLeast: 60, gapMs: 300_000 });
}

test("strict with barman", async (t) => {
  const edit = allOf(withMode("strict"), onNodes({ BARMAN_SYNC: 1 }));
  await using cluster = await ownCluster({ name: "barman-sync", edit });
  await cluster.up([...nodes, "backup"]);
  const primary = await cluster.waitWhole(startMs, nodes);
  await cluster.waitLease(nodes);
  await waitNames(cluster, primary, all);
  const backup = await cluster.container("backup");
  await t.test("a commit waits for one standby and for barman, until barman is gone", () =>
    untilBarmanIsGone(cluster, primary, backup));
  await t.test("after the loss of two volumes of three, a restore brings back all that was acknowledged", () =>
    twoVolumesLost(cluster, primary, backup));
});
