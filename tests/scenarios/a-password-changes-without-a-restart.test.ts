// Promise: passwords and the key in files change while clients write, without a restart, a failover or a lost write. Every container follows,
// the former password is refused, and pgpool takes a user that is made later. What cannot be done yet is refused, with the reason.
import assert from "node:assert/strict";
import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { systemClock, waitUntil } from "../../core/runtime/time.ts";
import { root } from "../../tools/terminal.ts";
import { waitReceiving } from "../support/barman.ts";
import { ownCluster, startMs } from "../support/clusters.ts";
import { allOf, type ComposeFile, mount, setEnvironment } from "../support/compose-file.ts";
import { exec, logsOf, tryExec } from "../support/docker.ts";
import { Ledger, monkey, queryOnce } from "../support/ledger.ts";
import { assertLedger } from "../support/ledger-report.ts";
import { withVoters } from "../support/variants.ts";
import { successionMs, wholeMs } from "../support/waits.ts";

const deps = { clock: systemClock };
const nodes = ["pgmaster", "pgslave1"];
const all = [...nodes, "pgpool", "backup"];
const directory = join(root, "tests", ".work", "rotate");
const inside = "/etc/secrets";

/** As Kubernetes does it: the name leads to another file from one moment to the next. */
async function put(service: string, name: string, value: string): Promise<void> {
  const path = join(directory, `${service}-${name}`);
  await writeFile(`${path}.new`, `${value}\n`);
  await rename(`${path}.new`, path);
}

const putAll = async (name: string, value: string, among = all) => {
  for (const service of among) await put(service, name, value);
};

function fromFiles(file: ComposeFile): void {
  const given = (service: string, ...names: string[]) => {
    const twins = [...names, "CLUSTER_KEY"].map((
      name,
    ): [string, string] => [`${name}_FILE`, `${inside}/${service}-${name}`]);
    const plain = Object.fromEntries([...names, "CLUSTER_KEY"].map((name) => [name, null]));
    setEnvironment(file, service, { ...plain, ...Object.fromEntries(twins) });
    mount(file, service, `${directory}:${inside}:ro`);
  };
  for (const node of nodes) {
    setEnvironment(file, node, { POSTGRES_USER: "monkey_user", POSTGRES_PASSWORD: "", POSTGRES_DB: "monkey_db" });
    setEnvironment(file, node, { REPLICATION_ROLE: "limited" }); // a role with fewer rights needs no more of others
    given(node, "REPLICATION_PASSWORD", "POSTGRES_PASSWORD");
  }
  setEnvironment(file, "pgpool", { BACKENDS: nodes.map((node, i) => `${i}:${node}::::`).join(",") });
  given("pgpool", "REPLICATION_PASSWORD", "CHECK_PASSWORD", "DB_USERS");
  given("backup", "REPLICATION_PASSWORD", "POSTGRES_PASSWORD");
}

test("replication, superuser and the key change under a writer, and every container follows", async () => {
  await rm(directory, { recursive: true, force: true });
  await mkdir(directory, { recursive: true });
  await putAll("REPLICATION_PASSWORD", "replication_pass");
  await putAll("POSTGRES_PASSWORD", "monkey_pass");
  await putAll("CLUSTER_KEY", "the-first-key-of-this-test");
  await put("pgpool", "CHECK_PASSWORD", "monkey_pass");
  await put("pgpool", "DB_USERS", "monkey_user:monkey_pass");
  await using cluster = await ownCluster({ name: "rotate", edit: allOf(withVoters(nodes, ["pgpool"]), fromFiles) });
  await cluster.up(all);
  const lead = await cluster.waitWhole(startMs, nodes);
  await cluster.waitPool(nodes);
  await cluster.waitLease(nodes);
  await waitReceiving(cluster, lead);
  const pool = await cluster.container("pgpool");
  const rotate = (...args: string[]) => tryExec(pool, ["postdock", "cluster", "rotate", ...args, "backup"], 120_000);
  const started = await exec(pool, ["cat", "/var/run/pgpool/pgpool.pid"]);

  // a user that is made later
  await cluster.psql(lead, "create role writer login password 'first'; grant create on schema public to writer");
  await put("pgpool", "DB_USERS", "monkey_user:monkey_pass\nwriter:first");
  const writer = { user: "writer", password: "first", database: "monkey_db", host: (await cluster.address("pgpool"))! };
  const enters = (target: typeof writer) => queryOnce(target, (sql) => sql`select 1`).then(() => true, () => false);
  const what = "pgpool to know the new user";
  await waitUntil(() => enters(writer), { what, deadlineMs: wholeMs }, deps);
  const ledger = await Ledger.start(writer);
  await ledger.writes(20);

  // not all containers have it yet, and one file is broken: nothing changes
  await putAll("REPLICATION_PASSWORD", "another replication password", ["pgmaster", "pgslave1", "pgpool"]);
  const early = await rotate("replication", "--timeout", "3s");
  assert.match(early.stdout + early.stderr, /REPLICATION_PASSWORD on backup is not that of/);
  assert.equal(early.code, 69);
  await put("backup", "REPLICATION_PASSWORD", "");
  const broken = await rotate("replication");
  assert.match(broken.stdout + broken.stderr, /backup: REPLICATION_PASSWORD_FILE names .*, which is empty/);
  assert.equal(broken.code, 77);

  await put("backup", "REPLICATION_PASSWORD", "another replication password");
  // a standby that replays nothing would go on with the former password
  const [standby] = nodes.filter((n) => n !== lead);
  await cluster.psql(standby!, "select pg_wal_replay_pause()");
  const paused = await rotate("replication", "--timeout", "3s");
  assert.match(paused.stdout + paused.stderr, new RegExp(`the replay of ${standby} is paused`));
  assert.equal(paused.code, 69);
  await cluster.psql(standby!, "select pg_wal_replay_resume()");

  const replication = await rotate("replication");
  assert.equal(replication.code, 0, replication.stdout + replication.stderr);
  assert.match((await rotate("replication")).stdout, /nothing to do/);
  await ledger.writes(20);

  await putAll("POSTGRES_PASSWORD", "another superuser");
  await put("pgpool", "CHECK_PASSWORD", "another superuser");
  await put("pgpool", "DB_USERS", "monkey_user:another superuser\nwriter:first");
  const superuser = await rotate("superuser");
  assert.equal(superuser.code, 0, superuser.stdout + superuser.stderr);
  await ledger.writes(20);

  await putAll("CLUSTER_KEY", "the-second-key-of-this-test");
  const key = await rotate("key");
  assert.equal(key.code, 0, key.stdout + key.stderr);
  await ledger.writes(20);

  // a standby that comes back has pgpool look for the primary, with the present password
  await cluster.stop(standby!);
  const isDetached = async () => {
    const status = await cluster.status("pgpool");
    return status?.component === "pgpool" && status.backends.some((b) => b.host === standby && b.status === "down");
  };
  await waitUntil(isDetached, { what: `pgpool to detach ${standby}`, deadlineMs: wholeMs }, deps);
  await cluster.start(standby!);
  await cluster.waitPool(nodes);
  await ledger.writes(20);

  // the database has the new passwords, and only those; everybody logs in with them
  const login = (user: string, password: string) =>
    queryOnce({ user, password, database: "monkey_db", host: primaryAddress }, (sql) => sql`select 1`);
  const primaryAddress = (await cluster.address(lead))!;
  await assert.rejects(login("monkey_user", "monkey_pass"), /password authentication failed/);
  await assert.rejects(login("replication_user", "replication_pass"), /password authentication failed/);
  const throughPool = { ...monkey, password: "another superuser", host: writer.host };
  const pooled = "pgpool to let the superuser in with the new password";
  await waitUntil(() => enters(throughPool), { what: pooled, deadlineMs: wholeMs }, deps);
  await assert.rejects(queryOnce({ ...throughPool, password: "monkey_pass" }, (sql) => sql`select 1`));
  await waitReceiving(cluster, lead);
  const rights = "select rolsuper, rolreplication from pg_roles where rolname = 'replication_user'";
  assert.equal(await cluster.psql(lead, rights), "f|t");

  const report = await ledger.finish({ ...monkey, password: "another superuser", host: primaryAddress });
  assertLedger("passwords changed", report, { atLeast: 80, gapMs: 2 * successionMs });
  assert.equal(await cluster.waitWhole(undefined, nodes), lead);
  assert.equal(await exec(pool, ["cat", "/var/run/pgpool/pgpool.pid"]), started);
  for (const service of all) {
    const log = await logsOf(await cluster.container(service));
    assert.doesNotMatch(log, /"event":"(Fenced|Lease lost|Promoted by|Restarting pgpool)|failed to find primary/);
    assert.doesNotMatch(log, /another (replication|superuser)|the-second-key/);
  }

  // an application's role, which may not connect to the database that pgpool tries it in
  await cluster.psql(lead, "revoke connect on database postgres from public; alter role writer password 'the-second'");
  await put("pgpool", "DB_USERS", "monkey_user:another superuser\nwriter:the-second");
  const users = await rotate("users");
  assert.equal(users.code, 0, users.stdout + users.stderr);
  const later = "pgpool to let the application in with its new password";
  await waitUntil(() => enters({ ...writer, password: "the-second" }), { what: later, deadlineMs: wholeMs }, deps);

  const doctor = await tryExec(pool, ["postdock", "cluster", "doctor"]);
  assert.doesNotMatch(doctor.stdout, /in its file|_FILE/);
});
