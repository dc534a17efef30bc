// Promise: with REPLICATION_ROLE=limited all goes on without a superuser on the network: failover, rewind, clone, repmgr, pgpool's
// checks, and barman, which logs in as that role alone. Its password gives no program, no role and no code that a superuser runs.
import assert from "node:assert/strict";
import { test } from "node:test";
import { systemClock, waitUntil } from "../../core/runtime/time.ts";
import { waitBackup, waitBarmanCheck, waitReceiving } from "../support/barman.ts";
import type { Cluster } from "../support/cluster.ts";
import { ownCluster, startMs } from "../support/clusters.ts";
import { allOf, setEnvironment } from "../support/compose-file.ts";
import { exec, logsOf } from "../support/docker.ts";
import { operate, resultOf } from "../support/faults/operator.ts";
import { connect } from "../support/ledger.ts";
import { repmgrAnswers } from "../support/repmgr.ts";
import { onNodes, withVoters } from "../support/variants.ts";
import { wholeMs } from "../support/waits.ts";

const deps = { clock: systemClock };
const nodes = ["pgmaster", "pgslave1", "pgslave3"];
const role = { user: "replication_user", password: "replication_pass", database: "replication_db" };

/** pgpool and barman know that role only. */
const limited = allOf(withVoters(nodes, []), onNodes({ REPLICATION_ROLE: "limited" }), (file) => {
  const backends = nodes.map((node, i) => `${i}:${node}::::`).join(",");
  setEnvironment(file, "pgpool", { BACKENDS: backends, CHECK_USER: role.user, CHECK_PASSWORD: role.password });
  const login = { POSTGRES_USER: role.user, POSTGRES_PASSWORD: role.password, POSTGRES_DB: role.database };
  setEnvironment(file, "backup", login);
});

/** More than the buffers between two containers hold, so that a WAL receiver that is stopped does not get it all. */
const manyBytes = "select count(pg_logical_emit_message(false, 'x', repeat('x', 1000000))) from generate_series(1, 48)";

/** What the password of replication must not give. */
const attacks: readonly string[] = [
  "copy (select 1) to program 'touch /tmp/attacked'",
  "copy (select 1) to '/tmp/attacked'",
  "select pg_read_file('/etc/passwd')",
  "alter role replication_user superuser",
  "alter role monkey_user password 'stolen'",
  "create role more superuser",
  "select rolpassword from pg_authid",
  "alter system set archive_command = 'touch /tmp/attacked'",
  "select pg_reload_conf()",
  "select pg_promote()",
  // code that the agent or a person would run as a superuser
  "create function repmgr.attack() returns int language sql as 'select 1'",
  "create function public.attack() returns int language sql as 'select 1'",
  "create schema attack",
  "alter table repmgr.nodes rename to gone",
  "create trigger attack before insert on repmgr.nodes for each row execute function suppress_redundant_updates_trigger()",
  "create rule attack as on update to repmgr.nodes do instead nothing",
  "alter database replication_db set search_path = attack",
  "alter function repmgr.repmgrd_is_paused() rename to gone",
];

async function assertRefused(cluster: Cluster, primary: string): Promise<void> {
  const sql = connect({ ...role, host: (await cluster.address(primary))! });
  try {
    for (const attack of attacks) {
      await assert.rejects(sql.unsafe(attack), /permission denied|must be owner|absolute path not allowed/i, attack);
    }
  } finally {
    await sql.end({ timeout: 0 });
  }
}

const isLimited = async (cluster: Cluster, primary: string) =>
  await cluster.psql(
    primary,
    `select not rolsuper and not exists (select from pg_class where relowner = r.oid)
       and (select datdba <> r.oid from pg_database where datname = current_database())
     from pg_roles r where rolname = '${role.user}'`,
    role.database,
  ) === "t";

/** A killed primary that has written what nobody else has comes back as a standby of the next one. */
async function diverges(cluster: Cluster, old: string): Promise<string> {
  const standbys = nodes.filter((node) => node !== old);
  const receivers = (signal: string) =>
    Promise.all(
      standbys.map(async (node) => exec(await cluster.container(node), ["pkill", `-${signal}`, "-f", "walreceiver"])),
    );
  await receivers("STOP");
  await cluster.psql(old, manyBytes);
  await cluster.kill(old);
  await receivers("CONT");
  await cluster.waitSuccessor(old, nodes, wholeMs);
  await cluster.start(old);
  const next = await cluster.waitWhole(2 * wholeMs, nodes);
  assert.notEqual(next, old);
  assert.match(await logsOf(await cluster.container(old)), /"event":"Rewound"/);
  return next;
}

test("a cluster without a superuser for replication fails over, rewinds, clones and is backed up", async () => {
  await using cluster = await ownCluster({ name: "limited", edit: limited });
  await cluster.up([...nodes, "pgpool", "backup"]);
  const first = await cluster.waitWhole(startMs, nodes);
  await cluster.waitLease(nodes);
  assert.ok(await isLimited(cluster, first));
  await cluster.waitPool(nodes);
  await waitReceiving(cluster, first);
  const backup = await cluster.container("backup");
  await waitBackup(backup, 2 * wholeMs);

  const lead = await diverges(cluster, first);
  assert.deepEqual(await resultOf(cluster, "reinit", first), { schema: 1, node: first, streaming: true });
  for (const node of nodes) {
    const rows = (await repmgrAnswers(cluster, node, "show")).map((line) => line.split(","));
    assert.equal(rows.length, nodes.length);
  }
  await cluster.waitPool(nodes);
  await waitReceiving(cluster, lead);
  await waitBarmanCheck(backup);
  for (const service of [...nodes, "pgpool", "backup"]) {
    assert.doesNotMatch(
      await logsOf(await cluster.container(service)),
      /permission denied|must be superuser|must be owner/,
    );
  }

  assert.equal(await cluster.waitWhole(wholeMs, nodes), lead);
  await assertRefused(cluster, lead);
  const copied = ["gosu", "postgres", "pg_basebackup", "-h", lead, "-U", role.user, "-D", "/tmp/copied", "-X", "none"];
  await exec(await cluster.container(first), copied); // the right to replicate is the right to read everything

  // as after an update from a cluster whose role was a superuser, and owned what is repmgr's
  await cluster.psql(
    lead,
    `alter role ${role.user} superuser; alter database ${role.database} owner to ${role.user};
     alter table repmgr.nodes owner to ${role.user}`,
    role.database,
  );
  const what = "the primary to limit the role again";
  await waitUntil(() => isLimited(cluster, lead), { what, deadlineMs: wholeMs, everyMs: 500 }, deps);
  await assertRefused(cluster, lead);
  assert.match((await operate(cluster, "history")).stdout, /REPLICATION_ROLE is limited, and it was a superuser/);
});
