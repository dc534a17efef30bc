// Promise: with BARMAN_SYNC=1 a commit waits for barman's WAL receiver beside the standbys of its mode, so that a restore loses
// nothing that was acknowledged; and without barman the commits go on.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { systemClock, waitUntil } from "../../core/runtime/time.ts";
import { Cluster } from "../support/cluster.ts";
import { exec } from "../support/docker.ts";
import { withMode } from "../support/variants.ts";

const nodes = ["pgmaster", "pgslave1", "pgslave3"];
const deps = { clock: systemClock };

test("strict with barman: a commit waits for one standby and for barman, until barman is gone", async () => {
  const edit = (yaml: string) =>
    withMode("strict")(yaml).replace("  CONSISTENCY: strict\n", "  CONSISTENCY: strict\n  BARMAN_SYNC: 1\n");
  const cluster = await Cluster.prepare({ name: "barman-sync", compose: "v2", edit });
  after(() => cluster.down());
  await cluster.up([...nodes, "backup"]);
  const primary = await cluster.waitWhole(90_000, nodes);
  const names = async (wanted: RegExp) =>
    await waitUntil(async () => wanted.test(await cluster.psql(primary, "show synchronous_standby_names")), {
      what: `commits to wait for ${wanted}`,
      deadlineMs: 60_000,
    }, deps);
  const backup = await cluster.container("backup");
  const receiver = (signal: string) => exec(backup, ["pkill", `-${signal}`, "-x", "pg_receivewal"]);

  await names(/^FIRST 2 \("barman_receive_wal", "node\d", "node\d"\)$/);
  await exec(backup, ["pgrep", "-f", "pg_receivewal .*--synchronous"]); // without it every commit would wait for 5 s
  await cluster.psql(primary, "create table acknowledged (id int)");
  await receiver("STOP");
  const commit = cluster.psql(primary, "insert into acknowledged values (1)");
  const waiting = async () =>
    await cluster.psql(primary, "select count(*) from pg_stat_activity where wait_event = 'SyncRep'") === "1";
  await waitUntil(waiting, { what: "the commit to wait although both standbys have it", deadlineMs: 8_000 }, deps);
  await receiver("CONT");
  await commit;

  await cluster.kill("backup");
  await names(/^ANY 1 \("node\d", "node\d"\)$/);
  await cluster.psql(primary, "insert into acknowledged values (2)");
  assert.match((await cluster.nodeStatus(primary))?.consistency.degraded ?? "", /barman: it is not receiving WAL/);
});
