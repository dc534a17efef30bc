// Promise: when the primary and one of its two standbys die at one instant, the voters that are left, with the observers, are a
// majority. The last standby leads, the downstream nodes of the dead ones follow it, and both come back by themselves. A logical
// slot with failover goes on over all of that, and so does the subscriber of another cluster, also over a switchover.
import assert from "node:assert/strict";
import { test } from "node:test";
import { systemClock, waitUntil } from "../../core/runtime/time.ts";
import { errorText } from "../../core/words/errors.ts";
import { waitReceiving } from "../support/barman.ts";
import { type Cluster, executableMount, firstLevel, nodes } from "../support/cluster.ts";
import { allOf } from "../support/compose-file.ts";
import { ownCluster, startMs } from "../support/clusters.ts";
import { docker, exec, logsOf } from "../support/docker.ts";
import { resultOf } from "../support/faults/operator.ts";
import { Ledger, monkey } from "../support/ledger.ts";
import { assertLedger } from "../support/ledger-report.ts";
import { onNodes, withVoters } from "../support/variants.ts";
import { successionMs, wholeMs } from "../support/waits.ts";

test("when two of three first-level nodes die, the last one leads and the cascade follows it", async () => {
  const logical = onNodes({ CONFIGS: "wal_level:logical,sync_replication_slots:on" });
  const edit = allOf(withVoters(firstLevel, ["pgpool", "backup"]), logical);
  await using cluster = await ownCluster({ name: "together", edit });
  await cluster.up();
  const old = await cluster.waitWhole(startMs);
  await cluster.waitPool(firstLevel);
  await cluster.waitLease(firstLevel);
  const ledger = await Ledger.start({ ...monkey, host: (await cluster.address("pgpool"))! });
  const make = "pg_create_logical_replication_slot('subscriber', 'test_decoding', false, false, true)";
  await cluster.psql(old, `select ${make}`, "monkey_db");
  await ledger.writes(40);
  await using subscriber = await subscribe(cluster, old);
  await subscriber.gets(1, old);
  const standbys = firstLevel.filter((n) => n !== old);
  await waitCopied(cluster, old, standbys);
  const named = await cluster.psql(old, "show synchronized_standby_slots");
  assert.match(named, /^repmgr_slot_\d+(,repmgr_slot_\d+)+$/, "a subscriber gets only what the standbys have");

  const other = firstLevel.find((n) => n !== old)!;
  await docker(["kill", await cluster.container(old), await cluster.container(other)]);
  await ledger.writes(20);
  const left = nodes.filter((n) => n !== old && n !== other);
  const leader = await cluster.waitWhole(wholeMs, left);
  assert.ok(firstLevel.some((n) => n === leader), `${leader} is of the second level`);
  await waitReceiving(cluster, leader);

  assert.equal(await cluster.psql(leader, consume, "monkey_db"), "t", "the slot has what was written since");
  await subscriber.gets(2, leader);

  await Promise.all([cluster.start(old), cluster.start(other)]);
  assert.equal(await cluster.waitWhole(), leader, "no other node became primary");
  await cluster.waitPool(firstLevel);
  await waitCopied(cluster, leader, firstLevel.filter((n) => n !== leader));
  await subscriber.gets(3, leader);
  const report = await ledger.finish({ ...monkey, host: (await cluster.address(leader))! });
  // Asynchronous replication may lose writes just before the kill, as when the primary dies alone; none was ever lost here. Two
  // dead backends at once delay pgpool's sessions longer than one: 5.1 to 8.9 s were measured.
  const gapMs = 2 * successionMs;
  assertLedger("primary and a standby killed together", report, { atLeast: 60, gapMs });
  await resultOf(cluster, "switchover", "--to", old);
  assert.equal(await cluster.waitWhole(), old);
  await subscriber.gets(4, old);

  // the subscriber goes for good while the former primary is away
  await cluster.stop(old);
  const next = await cluster.waitWhole(wholeMs, nodes.filter((n) => n !== old));
  await cluster.psql(next, "select pg_drop_replication_slot('subscriber')", "monkey_db");
  await cluster.start(old);
  assert.equal(await cluster.waitWhole(), next);
  const gone = () => cluster.psql(old, "select count(*) from pg_replication_slots where slot_name = 'subscriber'");
  const what = `${old} to drop the slot of its leadership`;
  const dropped = async () => await gone() === "0";
  await waitUntil(dropped, { what, deadlineMs: wholeMs, everyMs: 500 }, { clock: systemClock });
});

/** A cluster of one node that subscribes to a table here. `gets`: it receives a row that is written now. */
async function subscribe(cluster: Cluster, primary: string) {
  const name = `${cluster.project}-subscriber`;
  const sql = async (text: string) => (await exec(name, ["psql", "-U", "postgres", "-XAtqc", text])).trim();
  await docker(["rm", "-fv", name]).catch(() => null); // left by an interrupted run
  const given = [
    "NODE_ID=9",
    "NODE_NAME=node9",
    "CLUSTER_NODE_NETWORK_NAME=subscriber",
    "POSTGRES_PASSWORD=x",
    "CONFIGS=wal_receiver_timeout:10s",
  ];
  const network = ["--network", await cluster.network(), "--network-alias", "subscriber"];
  const argv = ["run", "-d", "--name", name, ...network, ...given.flatMap((e) => ["-e", e]), ...executableMount];
  await docker([...argv, "postdock/postgres:latest"]);
  await exec(name, ["wait_local_postgres"], 60_000);
  const table = "create table told (n int primary key)";
  await cluster.psql(primary, `${table}; create publication told for table told`);
  await sql(table);
  const to = `host=${firstLevel.join()} user=monkey_user password=monkey_pass dbname=monkey_db`;
  // its worker may connect to a node that is just dying, and then hears nothing: libpq ignores connect_timeout there
  const alive = "keepalives_idle=2 keepalives_interval=1 keepalives_count=3";
  await sql(
    `create subscription told connection '${to} ${alive} target_session_attrs=read-write' publication told with (failover = true)`,
  );
  // before that the copying worker has a slot of its own, which no standby copies
  const ready = async () => await sql("select bool_and(srsubstate = 'r') from pg_subscription_rel") === "t";
  await waitUntil(ready, { what: "the subscriber's first copy", deadlineMs: wholeMs }, { clock: systemClock });
  return {
    gets: async (n: number, from: string) => {
      await cluster.psql(from, `insert into told values (${n})`);
      const got = async () => (await sql("select count(*) from told")) === String(n);
      const wait = waitUntil(got, { what: `the subscriber to get row ${n}`, deadlineMs: wholeMs }, {
        clock: systemClock,
      });
      await wait.catch(async (cause) => {
        const slots = "select slot_name, active, synced, restart_lsn, confirmed_flush_lsn from pg_replication_slots";
        const seen = await cluster.psql(from, `${slots}; show synchronized_standby_slots; select pg_current_wal_lsn()`);
        const said = (await logsOf(name)).slice(-4_000);
        throw new Error(`${errorText(cause)}\n${from} has\n${seen}\nand the subscriber says\n${said}`, { cause });
      });
    },
    [Symbol.asyncDispose]: async () => void await docker(["rm", "-fv", name]),
  };
}

const consume = "select count(*) > 0 from pg_logical_slot_get_changes('subscriber', null, null) where data ~ 'INSERT'";

/** Waits until these standbys have a copy of the slot, which is consumed: a former primary has to drop its own for that. */
async function waitCopied(cluster: Cluster, primary: string, standbys: readonly string[]): Promise<void> {
  const copied =
    "select count(*) = 2 from pg_replication_slots where slot_type = 'logical' and synced and not temporary";
  const all = async () => {
    await cluster.psql(primary, consume, "monkey_db"); // a copy is not kept before the slot has moved on
    const seen = await Promise.all(standbys.map((node) => cluster.psql(node, copied).catch(() => "")));
    return seen.every((s) => s === "t");
  };
  const what = `${standbys.join(" and ")} to copy both logical slots`;
  await waitUntil(all, { what, deadlineMs: wholeMs, everyMs: 500 }, { clock: systemClock });
}
