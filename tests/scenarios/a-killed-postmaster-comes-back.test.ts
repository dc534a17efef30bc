// Promise: the primary's postmaster is killed under a writer: the cluster has one primary again by itself, writes resume
// through pgpool, and the node is a healthy member.
import assert from "node:assert/strict";
import { test } from "node:test";
import { systemClock, waitUntil } from "../../core/runtime/time.ts";
import { firstLevel } from "../support/cluster.ts";
import { exampleCluster } from "../support/clusters.ts";
import { exec, logsOf, logsSince, tryExec } from "../support/docker.ts";
import { handOverFrozen, orphansAtLeaseEnd } from "../support/faults/orphans.ts";
import { Ledger, monkey } from "../support/ledger.ts";
import { assertLedger, beforeLongestGap, withoutTail } from "../support/ledger-report.ts";
import { successionMs } from "../support/waits.ts";

const deps = { clock: systemClock };

test("a killed postmaster comes back or is replaced, and writes resume", async () => {
  const cluster = await exampleCluster();
  const primary = await cluster.waitWhole();
  const ledger = await Ledger.start({ ...monkey, host: (await cluster.address("pgpool"))! });
  await ledger.writes(40);
  await exec(await cluster.container(primary), ["bash", "-c", 'kill -KILL "$(head -n 1 "$PGDATA/postmaster.pid")"']);
  await ledger.writes(40);
  const now = await cluster.waitWhole();
  await cluster.waitPool();
  const report = await ledger.finish({ ...monkey, host: (await cluster.address(now))! });
  const promised = withoutTail(report, ledger.acknowledgedAt, [beforeLongestGap(ledger.acknowledgedAt)]);
  assertLedger("killed postmaster", promised, { atLeast: 80, gapMs: successionMs });
});

test("a backend that its killed postmaster leaves behind commits nothing", async () => {
  const cluster = await exampleCluster();
  const primary = await cluster.waitWhole();
  const container = await cluster.container(primary);
  await cluster.psql(primary, "drop table if exists orphaned; create table orphaned (n int)");
  // busy and never waiting, so that the backend does not notice the death of its postmaster by itself
  const busy =
    "begin; insert into orphaned values (1); do $$ declare till timestamptz := clock_timestamp() + '30 s'; " +
    "begin while clock_timestamp() < till loop null; end loop; end $$; commit;";
  const session = tryExec(container, ["bash", "-c", `echo "$0" | psql -U postgres -d monkey_db`, busy], 60_000);
  const find = "select pid from pg_stat_activity where query like 'do $$%' and state = 'active'";
  const found = await waitUntil(
    () => cluster.psql(primary, find),
    { what: "the busy session", deadlineMs: 60_000 },
    deps,
  );
  const pid = Number(found);
  assert.ok(pid > 1);
  await exec(container, ["bash", "-c", 'kill -KILL "$(head -n 1 "$PGDATA/postmaster.pid")"']);
  const alive = async () => (await tryExec(container, ["test", "-e", `/proc/${pid}`])).code === 0;
  await waitUntil(async () => !(await alive()), { what: "the backend to be ended", deadlineMs: successionMs }, deps);
  assert.doesNotMatch((await session).stdout, /COMMIT/);
  const now = await cluster.waitWhole();
  assert.equal(await cluster.psql(now, "select count(*) from orphaned"), "0");
  await cluster.psql(now, "drop table orphaned");
});

for (
  const [what, fault] of [["killed while its agent hangs", orphansAtLeaseEnd], [
    "frozen, and told to hand over",
    handOverFrozen,
  ]] as const
) {
  test(`a postmaster is ${what}: no session of it answers once a node leads again`, async () => {
    const cluster = await exampleCluster();
    const primary = await cluster.waitWhole();
    const ledger = await Ledger.start({ ...monkey, host: (await cluster.address("pgpool"))! });
    await ledger.writes(40);
    const heal = await fault(cluster, primary, firstLevel);
    await ledger.writes(20);
    await heal();
    const now = await cluster.waitWhole();
    await cluster.waitPool();
    const report = await ledger.finish({ ...monkey, host: (await cluster.address(now))! });
    const promised = withoutTail(report, ledger.acknowledgedAt, [beforeLongestGap(ledger.acknowledgedAt)]);
    assertLedger(`a postmaster ${what}`, promised, { atLeast: 60, gapMs: 2 * successionMs });
  });
}

test("a primary whose crash recovery takes long gives way to a standby that has all of its WAL", async () => {
  const cluster = await exampleCluster();
  const old = await cluster.waitWhole();
  const container = await cluster.container(old);
  await cluster.psql(
    old,
    "drop table if exists recovered; create table recovered as select repeat('x', 200) t from generate_series(1, 100000)",
  );
  const standbys = "select count(*) from pg_stat_replication where flush_lsn >= pg_current_wal_flush_lsn()";
  await waitUntil(async () => Number(await cluster.psql(old, standbys)) >= 2, {
    what: "the standbys to have it",
    deadlineMs: 30_000,
  }, deps);
  const before = await logsOf(container);
  const hang = "kill -9 $(head -1 $PGDATA/postmaster.pid); for i in $(seq 2000); do " +
    "pid=$(pgrep -f '^postgres: .*startup') && kill -STOP $pid && exit 0; sleep 0.01; done; exit 1";
  await exec(container, ["bash", "-c", hang], 60_000);
  const next = await cluster.waitSuccessor(old);
  const gaveWay =
    /"doing":"handing over to \S+","because":"this node has been recovering for \d+ s, and \S+ has all of its WAL"/;
  assert.match(await logsSince(container, before), gaveWay);
  assert.equal(await cluster.waitWhole(), next);
  assert.equal(await cluster.psql(next, "select count(*) from recovered"), "100000");
  await cluster.psql(next, "drop table recovered");
});
