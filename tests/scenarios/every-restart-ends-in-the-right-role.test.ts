// Promise: whatever a node finds at its start, it gets the right role by itself and loses nothing. The cases: all nodes stopped
// after a failover and started in any order, a wiped volume, missed WAL, an interrupted clone, a standby without network.
import assert from "node:assert/strict";
import { test } from "node:test";
import { systemClock, waitUntil } from "../../core/runtime/time.ts";
import { type Cluster, executableMount, firstLevel as first, nodes } from "../support/cluster.ts";
import { exampleCluster } from "../support/clusters.ts";
import { docker, exec, logsOf, logsSince, tryExec } from "../support/docker.ts";
import { nothingMs, staysTrueFor } from "../support/waits.ts";

const deps = { clock: systemClock };

/** Kills the primary and waits for the next one; the old one stays down. */
async function failOver(cluster: Cluster, old: string): Promise<string> {
  await cluster.kill(old);
  return await cluster.waitSuccessor(old);
}

/** Drops the table of marks, which this run or an interrupted one has made. */
async function unmark(cluster: Cluster): Promise<void> {
  await cluster.psql(await cluster.waitWhole(), "drop table if exists marks");
}

/** Writes one row, which the present primary acknowledges. */
async function mark(cluster: Cluster, text: string, among: readonly string[] = nodes): Promise<string> {
  const sql = `create table if not exists marks (t text); insert into marks values ('${text}')`;
  return await waitUntil(
    async () => {
      const primary = await cluster.primary(among);
      if (primary === null) return null;
      return await cluster.psql(primary, sql).then(() => primary, () => null);
    },
    { what: "a write", deadlineMs: 30_000 },
    deps,
  );
}

const identifier = async (cluster: Cluster, node: string) =>
  await cluster.psql(node, "select system_identifier from pg_control_system()");

test("all nodes stopped after a failover come back on the newest timeline, whichever node starts first", async () => {
  const cluster = await exampleCluster();
  await unmark(cluster);
  const old = await cluster.waitWhole();
  await failOver(cluster, old);
  const lead = await mark(cluster, "after the failover", nodes.filter((n) => n !== old));
  const timeline = (await cluster.answer(lead)).postgres.timeline!;
  await Promise.all(nodes.filter((n) => n !== old).map((n) => cluster.kill(n)));

  await cluster.start(old);
  const said = await waitUntil(
    async () => {
      const status = await cluster.nodeStatus(old);
      return status?.phase === "waiting" ? status.because : null;
    },
    { what: "the old primary to wait for a majority", deadlineMs: 30_000 },
    deps,
  );
  assert.match(said, /majority|newer data|voters/);
  await Promise.all(nodes.filter((n) => n !== old).map((n) => cluster.start(n)));
  const primary = await cluster.waitWhole();
  assert.ok((await cluster.answer(primary)).postgres.timeline! >= timeline, "never the old timeline");
  assert.equal(await cluster.psql(primary, "select count(*) > 0 from marks where t = 'after the failover'"), "t");

  // an empty segment does not hide the end of WAL: pg_waldump, left to itself, reads whichever file it meets first
  const empty = ["FB", "FC", "FD", "FE", "FF"].map((n) => `$PGDATA/pg_wal/0000000100000000000000${n}`).join(" ");
  const plant = async (n: string) => exec(await cluster.container(n), ["bash", "-c", `gosu postgres touch ${empty}`]);
  await Promise.all(nodes.map(plant));
  const logs = new Map<string, string>();
  for (const node of nodes) logs.set(node, await logsOf(await cluster.container(node)));
  const again = nodes.filter((n) => n !== primary);
  // a WAL receiver that was cut off among the history files has one of a timeline that left this past long ago
  const cut = again[0]!;
  const next = ((await cluster.answer(cut)).postgres.timeline! + 1).toString(16).toUpperCase().padStart(8, "0");
  const history = `printf '1\\t0/1000000\\tx\\n' > $PGDATA/pg_wal/${next}.history`;
  await exec(await cluster.container(cut), ["gosu", "postgres", "bash", "-c", history]);
  await Promise.all(nodes.map((n) => cluster.kill(n)));
  await Promise.all(again.map((n) => cluster.start(n)));
  await cluster.waitEach(again, "the standbys' agents", () => true);
  await cluster.start(primary);
  const last = await cluster.waitWhole();
  const told = await logsSince(await cluster.container(cut), logs.get(cut)!);
  assert.match(told, new RegExp(`History files of timelines removed.*${next}`));
  for (const node of nodes) {
    const container = await cluster.container(node);
    assert.doesNotMatch(await logsSince(container, logs.get(node)!), /end of WAL could not be read/i, node);
    await exec(container, ["bash", "-c", `for f in ${empty}; do test -s $f || rm -f $f; done`]);
  }
  assert.ok((await cluster.answer(last)).postgres.timeline! >= timeline, "never the old timeline");
  assert.equal(await cluster.psql(last, "select count(*) > 0 from marks where t = 'after the failover'"), "t");

  // the primary has started as a standby of nobody; a node that copies its settings with its data does not count as one, too
  const copy = first.find((n) => n !== last)!;
  await exec(await cluster.container(copy), ["postdock", "cluster", "reinit", copy], 120_000);
  assert.equal(await cluster.waitWhole(), last);
  await unmark(cluster);
});

test("the old primary with an empty volume is cloned and does not make a second cluster", async () => {
  const cluster = await exampleCluster();
  const old = await cluster.waitWhole();
  const before = await identifier(cluster, old);
  const lead = await failOver(cluster, old);
  await cluster.wipe(old);
  assert.equal(await cluster.waitWhole(), lead);
  assert.equal(await identifier(cluster, old), before);
});

test("a standby whose missing WAL is gone is cloned again by itself", async () => {
  const cluster = await exampleCluster();
  const primary = await cluster.waitWhole();
  const standby = first.find((n) => n !== primary)!;
  const { id } = (await cluster.answer(standby)).node;
  await cluster.stop(standby);
  try {
    await removeWal(cluster, primary, id);
    const container = await cluster.container(standby);
    const before = await logsOf(container);
    await cluster.start(standby);
    // its WAL receiver connects again and again for a moment, so it may be seen streaming before
    const cloned = async () => /"event":"Rejoined".*"way":"clone"/.test(await logsSince(container, before));
    await waitUntil(cloned, { what: `${standby} to be cloned`, deadlineMs: 60_000 }, deps);
    await cluster.waitWhole();
  } finally {
    await cluster.psql(primary, "alter system reset wal_keep_size");
    await cluster.psql(primary, "select pg_reload_conf()");
  }
});

/** Writes WAL until the primary has removed what it has now. First drops the slot of the node with this id, which would keep it. */
async function removeWal(cluster: Cluster, primary: string, id: number): Promise<void> {
  const last = await cluster.psql(primary, "select pg_walfile_name(pg_current_wal_lsn())");
  await cluster.psql(primary, "alter system set wal_keep_size = 0");
  await cluster.psql(primary, "select pg_reload_conf()");
  await waitUntil(
    async () => {
      const drop =
        `select pg_drop_replication_slot(slot_name) from pg_replication_slots where slot_name = 'repmgr_slot_${id}' and not active`;
      await cluster.psql(primary, drop);
      await cluster.psql(primary, "select pg_switch_wal()");
      await cluster.psql(primary, "checkpoint");
      const oldest = await cluster.psql(primary, "select min(name) from pg_ls_waldir() where name ~ '^[0-9A-F]{24}$'");
      return oldest > last;
    },
    { what: "WAL to be removed", deadlineMs: 60_000 },
    deps,
  );
}

/** Waits until the node receives a copy, and stops that in the middle. Returns what lets it go on, if it is still there. */
async function stopCloning(cluster: Cluster, node: string): Promise<() => Promise<unknown>> {
  const copying = "grep -qs copying $PGDATA/pgsql_tmp.postdock/journal.json && pkill -STOP -x pg_basebackup";
  const script = `for i in $(seq 50); do ${copying} && exit 0; sleep 0.02; done; exit 1`;
  const inNode = async (script: string) => await tryExec(await cluster.container(node), ["bash", "-c", script]);
  const stopped = async () => (await inNode(script)).code === 0;
  await waitUntil(stopped, { what: `${node} to be cloning`, deadlineMs: 60_000, everyMs: 20 }, deps);
  return () => inNode("pkill -CONT -x pg_basebackup");
}

test("a clone that a kill or the network interrupts never counts as a cluster and is repeated", async () => {
  const cluster = await exampleCluster();
  const primary = await cluster.waitWhole();
  const standby = first.find((n) => n !== primary)!;
  await cluster.psql(
    primary,
    "drop table if exists ballast; create table ballast as select repeat(md5(i::text), 30) t from generate_series(1, 20000) i",
  );
  await cluster.wipe(standby);
  await stopCloning(cluster, standby);
  await cluster.kill(standby);
  await cluster.start(standby);
  const goOn = await stopCloning(cluster, standby);
  await cluster.disconnect(standby);
  await cluster.connect(standby);
  await goOn();
  assert.equal(await cluster.waitWhole(120_000), primary);
  assert.equal(await cluster.psql(standby, "select count(*) from ballast"), "20000");
  await cluster.psql(primary, "drop table ballast");
});

test("a standby that is cut off is not promoted, and catches up when it is back", async () => {
  const cluster = await exampleCluster();
  const primary = await cluster.waitWhole();
  const standby = first.find((n) => n !== primary)!;
  await unmark(cluster);
  const container = await cluster.container(standby);
  await cluster.disconnect(standby);
  const inRecovery = async () => await cluster.psql(standby, "select pg_is_in_recovery()") === "t";
  await staysTrueFor(nothingMs, inRecovery, { what: `${standby} is a standby` });
  // the probe must not use a proxy that Docker hands to every container
  const probe = ["env", "http_proxy=http://127.0.0.1:9", "/usr/local/bin/cluster/healthcheck/is_major_master.sh"];
  assert.equal((await tryExec(container, probe)).code, 0);
  const marked = "select count(*) > 0 from marks where t = 'while it was away'";
  await mark(cluster, "while it was away", nodes.filter((n) => n !== standby));
  await cluster.connect(standby);
  assert.equal(await cluster.waitWhole(), primary);
  await waitUntil(
    async () => await cluster.psql(standby, marked).catch(() => "") === "t", // the table itself comes with it
    { what: "the standby to catch up", deadlineMs: 60_000 },
    deps,
  );
  await unmark(cluster);
});

test("an added second-level node streams, and its slot is dropped when the node is removed", async () => {
  const cluster = await exampleCluster();
  const primary = await cluster.waitWhole();
  const name = `${cluster.project}-added`;
  const environment = [
    "NODE_ID=6",
    "NODE_NAME=node6",
    `REPLICATION_PRIMARY_HOST=${primary}`,
    "CLUSTER_NODE_NETWORK_NAME=added",
  ];
  const flags = [...environment, "POSTGRES_PASSWORD=monkey_pass"].flatMap((e) => ["-e", e]);
  await docker(["rm", "-fv", name]).catch(() => null); // left by an interrupted run
  const network = ["--network", await cluster.network(), "--network-alias", "added"];
  await docker(["run", "-d", "--name", name, ...network, ...flags, ...executableMount, "postdock/postgres:latest"]);
  try {
    await waitUntil(
      async () =>
        (await cluster.psql(primary, "select state from pg_stat_replication where application_name = 'node6'")) ===
          "streaming",
      {
        what: "the added node to stream",
        deadlineMs: 60_000,
      },
      deps,
    );
    await waitUntil(
      async () => (await tryExec(name, ["gosu", "postgres", "repmgr", "cluster", "show"])).stdout.includes("node6"),
      {
        what: "the added node to be registered",
        deadlineMs: 30_000,
      },
      deps,
    );
  } finally {
    await docker(["rm", "-fv", name]);
  }
  const unregister = ["gosu", "postgres", "repmgr", "standby", "unregister", "--node-id=6"];
  const slots = "select count(*) from pg_replication_slots where slot_name = 'repmgr_slot_6'";
  assert.equal(await cluster.psql(primary, slots), "1");
  await exec(await cluster.container(primary), unregister, 60_000);
  await waitUntil(
    async () => (await cluster.psql(primary, slots)) === "0",
    { what: "its slot to be dropped", deadlineMs: 30_000 },
    deps,
  );
  await cluster.waitWhole();
});

/** Promotes a stopped standby's data by hand and ends the server at once, as an operator with the volume could do. */
async function promoteAlone(cluster: Cluster, node: string): Promise<void> {
  const server = "-c primary_conninfo= -c synchronous_standby_names= -c listen_addresses= -c recovery_end_command=";
  const script = `set -e; chown postgres /var/run/postgresql
    as() { gosu postgres "$@" > /dev/null; }; cd /tmp
    as pg_ctl -D $PGDATA -w start -o "${server}"; as pg_ctl -D $PGDATA -w promote
    as psql -U postgres monkey_db -c "create table alone (n int)"; as pg_ctl -D $PGDATA -m immediate stop`;
  const from = await cluster.container(node);
  const image = (await docker(["inspect", "--format", "{{.Config.Image}}", from])).trim();
  await docker(["run", "--rm", "--volumes-from", from, "--entrypoint", "bash", image, "-c", script]);
}

test("a node that was promoted alone is cloned if the others have another timeline of that number", async () => {
  const cluster = await exampleCluster();
  const primary = await cluster.waitWhole();
  const [node, other] = first.filter((n) => n !== primary) as [string, string];
  await unmark(cluster);
  const container = await cluster.container(node);
  const before = await logsOf(container);
  await cluster.kill(node);
  await promoteAlone(cluster, node);
  for (const to of [other, primary]) {
    const from = await cluster.container(to === other ? primary : other);
    // at once, also straight back: the old primary has only just become a standby
    await exec(from, ["postdock", "cluster", "switchover", "--to", to], 60_000);
    await mark(cluster, `led by ${to}`, [primary, other]);
    await cluster.psql(to, "insert into marks select 'row ' || n from generate_series(1, 5000) n");
  }
  await cluster.start(node);
  await cluster.waitWhole();
  assert.equal(await cluster.psql(node, "select to_regclass('alone') is null"), "t");
  assert.equal(await cluster.psql(node, "select count(*) from marks where t like 'row%'"), "10000");
  assert.match(
    await logsSince(container, before),
    /promoted without an epoch|each have their own timeline \d+: two nodes were promoted to it/,
  );
  await unmark(cluster);
});
