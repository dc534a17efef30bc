// Promise: each alert fires when what it is about has really happened, and ends after that. The rules are those of monitoring/, in a
// hurry. What provokes each alert, and which one is not provoked here, is listed in tests/support/alert-rules.ts.
import assert from "node:assert/strict";
import { test } from "node:test";
import { systemClock, waitUntil } from "../../core/runtime/time.ts";
import { provoked } from "../support/alert-rules.ts";
import { Alarms, hurriedPrometheus } from "../support/alarms.ts";
import { backupsOf, waitBackup, waitReceiving } from "../support/barman.ts";
import { madeCertificates, tlsInside, tlsSettings, writeCertificate } from "../support/certificates.ts";
import { Cluster, firstLevel as nodes } from "../support/cluster.ts";
import { ownCluster, startMs } from "../support/clusters.ts";
import { type ComposeFile, type ComposeService, mount, serviceOf, setEnvironment } from "../support/compose-file.ts";
import { exec, tryExec } from "../support/docker.ts";
import type { Configuration } from "../support/prometheus.ts";

const name = "alerts";
const primary = "pgmaster";
const standby = "pgslave1";
const third = "pgslave3";
const stranger = "pgstranger";
const friend = "pgfriend";
const deps = { clock: systemClock };
/** What a slot may keep, megabytes. */
const boundMb = 64;
const sessions = 4;
const data = "/var/lib/postgresql/data";
const backups = "/var/backups";

const settings = [
  `max_slot_wal_keep_size:${boundMb}MB`,
  "wal_keep_size:16MB,max_wal_size:64MB,min_wal_size:32MB,max_connections:40",
].join(",");

/** Three nodes in strict mode with small limits, one of them with faults that can be mended; and a cluster of two others. */
const edit = (certificates: string, faulty: boolean) => (file: ComposeFile) => {
  for (const node of nodes) {
    // pgpool takes no login where some of its backends have TLS and others have not
    const ended = faulty && node === third ? "server.crt" : "renewed.crt";
    const tls = tlsSettings("server.key", node === standby ? "own.crt" : ended);
    mount(file, node, `${certificates}:${tlsInside}:ro`);
    setEnvironment(file, node, {
      CONFIGS: `${settings},${tls}`,
      CONSISTENCY: "strict",
      REPMGR_WAIT_POSTGRES_START_TIMEOUT: 3,
      POSTGRES_USER: "monkey_user",
      POSTGRES_PASSWORD: faulty && node === third ? "another" : "monkey_pass",
    });
  }
  setEnvironment(file, "pgpool", { CONSISTENCY: "strict", CONFIGS: `num_init_children:${sessions},max_pool:1` });
  setEnvironment(file, "pgpool", { BACKENDS: nodes.map((node, i) => `${i}:${node}::::`).join(",") });
  for (const [i, node] of [stranger, friend].entries()) {
    const copy: ComposeService = JSON.parse(JSON.stringify(serviceOf(file, primary)).replaceAll(primary, node));
    const cluster = { PARTNER_NODES: `${stranger},${friend}`, REPLICATION_PRIMARY_HOST: stranger };
    const own = { NODE_NAME: `node${8 + i}`, NODE_ID: 8 + i, CONSISTENCY: "partially-strict" };
    file.services[node] = { ...copy, environment: { ...copy.environment, ...cluster, ...own } };
  }
  const inMemory = (size: string) => ({
    driver: "local",
    driver_opts: { type: "tmpfs", device: "tmpfs", o: `size=${size}` },
  });
  // these containers are not stopped
  Object.assign(file.volumes!, {
    [stranger]: null,
    [friend]: null,
    [standby]: inMemory("640m"),
    backup: inMemory("700m"),
  });
};

/** Scrapes what there is, and the stranger as if it were of the cluster. */
function change({ scrape_configs: jobs }: Configuration): void {
  const [job] = jobs;
  const group = job!.static_configs[0]!;
  group.targets = nodes.map((node) => `${node}:8080`);
  jobs.push({ job_name: "stranger", static_configs: [{ ...group, targets: [`${stranger}:8080`] }] });
}

/** Sessions that wait until they are ended. */
const wait = "select pg_sleep(599)";

function waiting(container: string, count: number, command: string): void {
  const psql = "PGPASSWORD=monkey_pass psql -X -U monkey_user -d monkey_db";
  void tryExec(container, ["bash", "-c", `for i in $(seq ${count}); do ${psql} ${command} & done; wait`], 600_000);
}

/** First the clients: one that waits for a session of pgpool would take the place of another. */
async function endSessions(cluster: Cluster): Promise<void> {
  for (const service of ["pgpool", primary]) {
    await tryExec(await cluster.container(service), ["pkill", "-f", "pg_sleep.599"]);
  }
  const end = `select pg_terminate_backend(pid) from pg_stat_activity where query like '%${wait}'`;
  for (const node of nodes) await cluster.psql(node, end);
}

/** Fills the volume of a directory but for so many MB. */
async function fill(container: string, directory: string, leftMb: number): Promise<void> {
  const free = `$(df --output=avail -B1 ${directory} | tail -1)`;
  const once = `fallocate -l $((${free} - ${leftMb * 1024 * 1024})) ${directory}/pgsql_tmp.ballast`;
  await exec(container, ["bash", "-c", `for i in $(seq 20); do ${once} && exit 0; done; exit 1`]);
}

/** Uses up so many WAL files. */
async function writeFiles(cluster: Cluster, count: number): Promise<void> {
  const write = "perform pg_logical_emit_message(false, 'filler', ''); perform pg_switch_wal();";
  await cluster.psql(primary, `do $$ begin for i in 1..${count} loop ${write} end loop; end $$`);
}

async function order(cluster: Cluster, ...args: readonly string[]): Promise<void> {
  await exec(await cluster.container(primary), ["postdock", "cluster", ...args], 90_000);
}

/** Ends the copy of each base backup, until the returned function is called. */
function cutBackups(backup: string): () => Promise<void> {
  const end = "until test -e /tmp/enough; do pkill -f '[p]g_basebackup.*--pgdata'; sleep 0.05; done";
  const cutting = tryExec(backup, ["bash", "-c", end], 300_000);
  return async () => {
    await exec(backup, ["touch", "/tmp/enough"]);
    await cutting;
  };
}

/** While no backup can be taken. */
const noBackup = ["PostDockBarmanCheckFails", "PostDockBackupFailed"];

/** Another cluster, other variables, requests of a stranger, nothing but nodes; then all of that ends. */
async function differences(cluster: Cluster, alarms: Alarms, certificates: string): Promise<void> {
  const alerts = [
    "PostDockTwoPrimaries",
    "PostDockElectoratesDiffer",
    "PostDockConsistencyDiffers",
    "PostDockConsistencyDegraded",
    "PostDockPasswordsDiffer",
    "PostDockCertificateNearEnd",
    "PostDockTlsFilesWrong",
    "PostDockRequestsRefused",
    "PostDockContainerDown",
    "PostDockPoolDown",
    "PostDockBackupMetricsAbsent",
  ];
  assert.equal(await cluster.waitWhole(startMs, nodes), primary);
  assert.equal(await cluster.waitWhole(startMs, [stranger, friend]), stranger);
  await cluster.waitEach([stranger], "both to have joined", ({ everHadMajority }) => everHadMajority, startMs);
  await cluster.kill(friend);
  await writeCertificate(certificates, "own.crt", false);
  // it takes the longest to be noticed
  await cluster.psql(primary, "revoke execute on function pg_ls_waldir() from pg_monitor");
  const url = `http://${await cluster.address(primary)}:8080/control/vote`;
  await alarms.fire(alerts, () => fetch(url, { method: "POST", body: "{}", signal: AbortSignal.timeout(2_000) }));
  await cluster.kill(stranger);
  await writeCertificate(certificates, "own.crt", true);
  await Cluster.prepare({ name, edit: edit(certificates, false) });
  await cluster.composeRun(["up", "-d", third, "pgpool", "backup"], 180_000);
  const backup = await cluster.container("backup");
  const letThem = cutBackups(backup);
  await alarms.fire(noBackup);
  await letThem();
  await alarms.clear(alerts);
  assert.equal(await cluster.waitWhole(startMs, nodes), primary);
}

/** What clients do, and what is done by hand. */
const byHand = [
  "PostDockMetricsOld",
  "PostDockLongTransaction",
  "PostDockFailoverPaused",
  "PostDockSequenceNearEnd",
  "PostDockWraparound",
  "PostDockPoolFull",
  "PostDockPoolRefusesLogins",
  "PostDockConnectionsNearLimit",
  "PostDockReplayPaused",
  "PostDockReplicationLagBytes",
  "PostDockReplicationLagSeconds",
];

/** What a server and its clients do, all at once, and trial restores; then a WAL receiver that is frozen, and cut off for too long. */
async function loads(cluster: Cluster, alarms: Alarms): Promise<void> {
  const [node, pool, backup] = await Promise.all([primary, "pgpool", "backup"].map((s) => cluster.container(s)));
  waiting(node!, 1, `-c 'begin; ${wait}'`);
  await order(cluster, "pause");
  await cluster.psql(primary, "create sequence short maxvalue 10; select setval('short', 10)");
  await cluster.psql(
    primary,
    "create table used(n int); do $$ begin for i in 1..25000 loop begin insert into used values (i); " +
      "exception when others then raise; end; end loop; end $$",
  );
  await waitBackup(backup!, startMs);
  await alarms.clear(noBackup);
  await cluster.waitPool(nodes);
  waiting(pool!, sessions, `-h localhost -c '${wait}'`);
  const free = await cluster.psql(primary, "select 34 - count(*) from pg_stat_activity where datname is not null");
  waiting(node!, Number(free), `-c '${wait}'`);
  await cluster.psql(standby, "select pg_wal_replay_pause()");
  await writeFiles(cluster, 2);
  await drills(alarms, backup!);
  await alarms.fire([...byHand, "PostDockBackupTooOld"]);

  await exec(backup!, ["pkill", "-STOP", "-x", "pg_receivewal"]);
  const slot = "from pg_replication_slots where slot_name = 'barman_the_backupper'";
  const nearBound = async () => {
    await writeFiles(cluster, 1);
    return await cluster.psql(primary, `select safe_wal_size < 16 * 1024 * 1024 ${slot}`) === "t";
  };
  await waitUntil(nearBound, { what: "the slot to be near its bound", deadlineMs: 60_000 }, deps);
  await alarms.fire(["PostDockSlotNearBound", "PostDockReceiverLag"]);
  await cluster.disconnect("backup");
  await exec(backup!, ["pkill", "-CONT", "-x", "pg_receivewal"]);
  const lost = async () => {
    await writeFiles(cluster, 2);
    await cluster.psql(primary, "checkpoint");
    return await cluster.psql(primary, `select wal_status ${slot}`) === "lost";
  };
  await waitUntil(lost, { what: "the slot to be lost", deadlineMs: 60_000 }, deps);

  await endSessions(cluster);
  await cluster.psql(standby, "select pg_wal_replay_resume()");
  await cluster.psql(primary, "grant execute on function pg_ls_waldir() to pg_monitor");
  await cluster.psql(primary, "drop sequence short; drop table used");
  await order(cluster, "resume");
  await cluster.connect("backup");
  await alarms.fire(["PostDockWalGap"]);
  await waitReceiving(cluster, primary);
  for (const database of ["monkey_db", "replication_db", "postgres", "template1"]) {
    await cluster.psql(primary, "vacuum freeze", database);
  }
  const ofBarman = ["PostDockSlotNearBound", "PostDockReceiverLag", "PostDockWalGap", "PostDockBackupTooOld"];
  await alarms.clear([...byHand, ...ofBarman]);
}

/** A trial restore of a backup whose WAL has a flipped byte, and of the same backup without it. */
async function drills(alarms: Alarms, backup: string): Promise<void> {
  const id = (await backupsOf(backup)).at(-1)!;
  const shown = JSON.parse(await exec(backup, ["barman", "-f", "json", "show-backup", "pg_cluster", id]));
  const wal: string = shown.pg_cluster.base_backup_information.begin_wal;
  const path = `${backups}/pg_cluster/wals/${wal.slice(0, 16)}/${wal}`;
  const archived = async () => (await tryExec(backup, ["test", "-f", path])).code === 0;
  await waitUntil(archived, { what: `${wal} to be archived`, deadlineMs: 60_000 }, deps);
  const verify = async () => (await tryExec(backup, ["postdock", "barman", "verify"], 120_000)).code;
  await exec(backup, ["sh", "-c", `cp -p ${path} /tmp/wal; printf X | dd of=${path} bs=1 seek=2000 conv=notrunc`]);
  assert.notEqual(await verify(), 0);
  await alarms.fire(["PostDockDrillFailed"]);
  await exec(backup, ["cp", "-p", "/tmp/wal", path]);
  assert.equal(await verify(), 0);
  await alarms.clear(["PostDockDrillFailed"]);
}

/** Volumes fill up; and standbys are refused while the server of one is frozen: the voters still answer. */
async function blocked(cluster: Cluster, alarms: Alarms): Promise<void> {
  const alerts = [
    "PostDockDiskNearEnd",
    "PostDockDiskFull",
    "PostDockBackupDiskNearEnd",
    "PostDockStrictBlocked",
    "PostDockStandbyDoesNotStream",
    "PostDockServerDown",
    "PostDockNodeUnhealthy",
  ];
  const full = [[await cluster.container(standby), data], [await cluster.container("backup"), backups]] as const;
  for (const [container, directory] of full) await fill(container, directory, 28);
  const [node, frozen] = await Promise.all([primary, third].map((service) => cluster.container(service)));
  const line = "host replication all all reject";
  const reload = "select pg_reload_conf(), pg_terminate_backend(pid) from pg_stat_replication";
  await exec(node!, ["bash", "-c", `sed -i '1i ${line}' $PGDATA/pg_hba.conf`]);
  await cluster.psql(primary, reload);
  await exec(frozen!, ["pkill", "-STOP", "-x", "postgres"]);
  await alarms.fire(alerts);
  for (const [container, directory] of full) await exec(container, ["rm", `${directory}/pgsql_tmp.ballast`]);
  await exec(frozen!, ["pkill", "-CONT", "-x", "postgres"]);
  await exec(node!, ["bash", "-c", `sed -i '/${line}/d' $PGDATA/pg_hba.conf`]);
  await cluster.psql(primary, "select pg_reload_conf()");
  await alarms.clear(alerts);
  assert.equal(await cluster.waitWhole(undefined, nodes), primary);
}

/** One of three voters is lost, then the primary too. */
async function losses(cluster: Cluster, alarms: Alarms): Promise<void> {
  const alerts = [
    "PostDockNoPrimary",
    "PostDockQuorumLost",
    "PostDockPoolWithoutWriter",
    "PostDockReceivesNoWal",
  ];
  await cluster.kill(third);
  await alarms.fire(["PostDockFailoverSafetyLost"]);
  await cluster.kill(primary);
  await alarms.fire(alerts);
  await cluster.start(third);
  await cluster.start(primary);
  await alarms.clear([...alerts, "PostDockFailoverSafetyLost"]);
  await cluster.waitWhole(startMs, nodes);
}

async function switchovers(cluster: Cluster, alarms: Alarms): Promise<void> {
  for (const to of [standby, primary]) {
    await order(cluster, "switchover", "--to", to);
    assert.equal(await cluster.waitWhole(undefined, nodes), to);
  }
  await alarms.fire(["PostDockManyTimelineSwitches"]);
}

test("each alert fires for its cause, and ends with it", async () => {
  const certificates = await madeCertificates("alerts-tls");
  await writeCertificate(certificates, "own.crt", true);
  await using cluster = await ownCluster({ name, edit: edit(certificates, true) });
  await cluster.up([...nodes, stranger, friend]);
  await using prometheus = await hurriedPrometheus(cluster, change);
  const alarms = new Alarms(prometheus);
  const timed = async (what: string, work: (cluster: Cluster, alarms: Alarms) => Promise<void>) => {
    const since = systemClock.nowMs();
    await work(cluster, alarms);
    console.log(`${what}: ${Math.round((systemClock.nowMs() - since) / 1000)} s`);
  };
  await timed("differences", (c, a) => differences(c, a, certificates));
  await timed("switchovers", switchovers);
  await timed("loads", loads);
  await timed("blocked", blocked);
  await timed("losses", losses);
  await alarms.clear(["PostDockManyTimelineSwitches"]);
  const all = Object.keys(provoked).toSorted();
  assert.deepEqual([...alarms.fired].toSorted(), all);
  assert.deepEqual([...alarms.cleared].toSorted(), all);
});
