// Promise: all three images run as any user, with a root file system that is read-only, no capability and no new privileges, which
// is all that the restricted Pod Security profile demands: the cluster replicates, fails over, takes backups and copies by SSH.
import assert from "node:assert/strict";
import { chmod, copyFile, mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { systemClock, waitUntil } from "../../core/runtime/time.ts";
import { ensureSshKeys } from "../../tools/ssh-keys.ts";
import { root } from "../../tools/terminal.ts";
import { waitBackup, waitBarmanCheck, waitReceiving } from "../support/barman.ts";
import { type Cluster, firstLevel } from "../support/cluster.ts";
import { ownCluster, startMs } from "../support/clusters.ts";
import { allOf, type Edit, nodesOf, parseCompose, serviceOf, setEnvironment } from "../support/compose-file.ts";
import { exec, tryExec } from "../support/docker.ts";
import { successionMs, wholeMs } from "../support/waits.ts";

const deps = { clock: systemClock };

/** compose/hardened.yml over the example, as Compose lays it. */
async function hardened(): Promise<Edit> {
  const { services } = parseCompose(await readFile(join(root, "compose/hardened.yml"), "utf8"));
  return (file) => {
    assert.deepEqual(Object.keys(services).toSorted(), Object.keys(file.services).toSorted());
    for (const [name, more] of Object.entries(services)) Object.assign(serviceOf(file, name), more);
  };
}

/** As docs/security.md says for a user that is not 999. */
const as = (user: string): Edit => (file) => {
  for (const service of Object.values(file.services)) service.user = user;
  for (const node of nodesOf(file)) setEnvironment(file, node, { PGDATA: "/var/lib/postgresql/data/pgdata" });
};

/** The certificates are files of the user, too. */
const encrypted: Edit = (file) => {
  for (const name of Object.keys(file.services)) setEnvironment(file, name, { TLS: "auto" });
};

/** Keys that every user may read: those of other tests are private to the user who runs them. */
async function readableKeys(): Promise<Edit> {
  await ensureSshKeys();
  const directory = join(root, "tests/.work/readable-keys");
  await mkdir(directory, { recursive: true });
  for (const name of ["id_rsa", "id_rsa.pub"]) {
    await copyFile(join(root, "compose/ssh/keys", name), join(directory, name));
    await chmod(join(directory, name), 0o644);
  }
  return (file) => {
    for (const service of Object.values(file.services)) {
      service.volumes = service.volumes?.map((v) => v.replace(/^\.\/ssh\/keys:/, `${directory}:`)) ?? [];
    }
  };
}

/** Checks that nothing in these containers has a right. */
async function assertBare(cluster: Cluster, services: readonly string[], uid: number): Promise<void> {
  for (const service of services) {
    const container = await cluster.container(service);
    const status = await exec(container, ["sh", "-c", "cat /proc/[0-9]*/status; id -un"]);
    assert.deepEqual([...new Set(status.match(/^Uid:.*$/gm))], [`Uid:\t${uid}\t${uid}\t${uid}\t${uid}`], service);
    const none = ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"].map((name) => `${name}:\t0000000000000000`);
    assert.deepEqual([...new Set(status.match(/^Cap.*$/gm))], none, service);
    assert.deepEqual([...new Set(status.match(/^NoNewPrivs:.*$/gm))], ["NoNewPrivs:\t1"], service);
    assert.match(status, /\npostgres\n$/, `${service}: the user has a name`);
    const write = await tryExec(container, ["touch", "/etc/x"]);
    assert.match(write.stderr, /Read-only file system/, service);
  }
}

test("a cluster of an arbitrary user replicates, takes a backup, connects by TLS and SSH, and fails over", async () => {
  const edit = allOf(await hardened(), as("12345:0"), encrypted, await readableKeys());
  await using cluster = await ownCluster({ name: "bare", edit });
  await cluster.up([...firstLevel, "pgpool", "backup"]);
  const old = await cluster.waitWhole(startMs, firstLevel);
  await cluster.waitPool(firstLevel);
  await cluster.waitLease(firstLevel);
  await assertBare(cluster, [...firstLevel, "pgpool", "backup"], 12345);

  const backup = await cluster.container("backup");
  await waitBackup(backup, startMs);
  await waitBarmanCheck(backup);
  // what people type in a container of root works here too
  const node = await cluster.container(old);
  const types = (...argv: string[]) =>
    waitUntil(async () => (await tryExec(node, ["gosu", "postgres", ...argv])).code === 0, {
      what: `${argv.join(" ")} to work`,
      deadlineMs: wholeMs,
    }, deps);
  await types("repmgr", "cluster", "show");
  for (const service of firstLevel) await types("ssh", service, "true");
  const show = [
    "sh",
    "-c",
    'PGPASSWORD=$CHECK_PASSWORD psql -U $CHECK_USER -h localhost template1 -c "show pool_nodes"',
  ];
  assert.match(await exec(await cluster.container("pgpool"), show), /\(4 rows\)/);

  await cluster.psql(old, "create table kept as select 1 as n");
  const arrived = async (service: string) =>
    await cluster.psql(service, "select to_regclass('kept') is not null") === "t";
  for (const service of firstLevel) {
    await waitUntil(() => arrived(service), { what: `the table on ${service}`, deadlineMs: wholeMs }, deps);
  }
  await cluster.kill(old);
  const successor = await cluster.waitSuccessor(old, firstLevel, 2 * successionMs);
  assert.equal(await cluster.psql(successor, "select n from kept"), "1");
  await cluster.start(old);
  await cluster.waitWhole(undefined, firstLevel);
  await waitReceiving(cluster, successor);
});

/** A node of root with the rights that docs/architecture.md names. */
const ofRoot = (node: string): Edit => (file) => {
  const cap_add = ["CHOWN", "DAC_OVERRIDE", "FOWNER", "SETGID", "SETUID", "SYS_CHROOT"];
  Object.assign(serviceOf(file, node), { user: "0:0", cap_add });
};

test("compose/hardened.yml runs each image as uid 999, beside a node of root with the rights that it needs", async () => {
  const edit = allOf(await hardened(), ofRoot("pgslave1"), await readableKeys());
  await using cluster = await ownCluster({ name: "bare-999", edit });
  await cluster.up(["pgmaster", "pgslave1", "pgpool", "backup"]);
  await cluster.waitWhole(startMs, ["pgmaster", "pgslave1"]);
  await cluster.waitPool(["pgmaster", "pgslave1"]);
  await waitReceiving(cluster, "pgmaster");
  await assertBare(cluster, ["pgmaster", "pgpool", "backup"], 999);
  const modes = await exec(await cluster.container("pgslave1"), ["stat", "-c", "%U %a", "/run", "/run/postdock"]);
  assert.equal(modes, "root 755\nroot 755\n", "where the agent is root, nobody else may put a link where it writes");
});
