// Promise: TLS=auto encrypts everything between the containers, each of which checks the others, and a failover changes nothing in
// that. With TLS=require and mounted files clients are encrypted, too; a new certificate is taken without a restart, and a wrong one
// is named and not taken.
import assert from "node:assert/strict";
import { copyFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { systemClock, waitUntil } from "../../core/runtime/time.ts";
import { issueAgain, issuedCertificates, issuedInside } from "../support/certificates.ts";
import { Cluster, firstLevel, type Service } from "../support/cluster.ts";
import { ownCluster, startMs } from "../support/clusters.ts";
import { type Edit, mount, setEnvironment } from "../support/compose-file.ts";
import { logsOf, tryExec } from "../support/docker.ts";
import { wholeMs } from "../support/waits.ts";

const name = "encrypted";
const services = [...firstLevel, "pgpool", "backup"];
const deps = { clock: systemClock };
const authorities = "/run/postdock/tls/ca.crt";

const withTls = (tls: string): Edit => (file) => {
  for (const service of services) {
    setEnvironment(file, service, { TLS: tls, CLUSTER_KEY: "a-key-that-is-not-in-any-example" });
  }
  setEnvironment(file, "pgpool", { BACKENDS: firstLevel.map((node, i) => `${i}:${node}::::`).join(",") });
};

/** Its own certificate for the names by which clients reach it. */
const automatic: Edit = (file) => {
  withTls("auto")(file);
  setEnvironment(file, "pgpool", { TLS_NAMES: "pgpool", POOL_AUTH: "password" });
  // whatever an operator refuses, the containers of the cluster get in
  const rules = "host all guest all scram-sha-256; host all monkey_user all scram-sha-256; host all all all reject";
  for (const node of firstLevel) setEnvironment(file, node, { PG_HBA: rules });
};

const mounted = (directory: string): Edit => (file) => {
  withTls("require")(file);
  for (const service of services) {
    mount(file, service, `${directory}:${issuedInside}:ro`);
    const at = (kind: string) => `${issuedInside}/${kind}`;
    setEnvironment(file, service, { TLS_CA_FILE: at("ca.crt") });
    setEnvironment(file, service, { TLS_CERT_FILE: at("server.crt"), TLS_KEY_FILE: at("server.key") });
  }
};

/** A login over the network as an application does it, from one of the nodes. */
async function login(cluster: Cluster, host: string, how: string, user = "monkey_user", password = "monkey_pass") {
  const from = await cluster.container("pgslave1");
  const conninfo = `host=${host} user=${user} dbname=monkey_db connect_timeout=5 ${how}`;
  return await tryExec(from, ["env", `PGPASSWORD=${password}`, "psql", "-XAtc", "select 'in'", conninfo]);
}

/** Every connection of another container to the primary has TLS: two standbys, barman, pgpool; each standby checks its upstream. */
async function waitEncrypted(cluster: Cluster): Promise<Service> {
  let last: unknown = "nothing seen";
  const encrypted = async () => {
    const primary = await cluster.waitWhole(wholeMs, firstLevel);
    const clear = await cluster.psql(primary, clearSessions);
    const streams = await cluster.psql(primary, encryptedStreams);
    const standbys = firstLevel.filter((node) => node !== primary);
    const upstreams = await Promise.all(standbys.map((node) => cluster.psql(node, "show primary_conninfo")));
    last = [primary, clear, streams, ...upstreams].join(" | ");
    const checked = upstreams.every((u) => u.includes(`sslmode=verify-full sslrootcert=${authorities}`));
    return clear === "" && Number(streams) >= 3 && checked ? primary : null;
  };
  const look = () => encrypted().catch((error) => (last = error, null)); // a server may be starting
  return await waitUntil(
    look,
    { what: "all connections to have TLS", deadlineMs: startMs, why: () => String(last) },
    deps,
  );
}

const clearSessions =
  "select string_agg(coalesce(application_name, '') || ' ' || usename, ', ') from pg_stat_ssl join " +
  "pg_stat_activity using (pid) where client_addr is not null and not ssl";
const encryptedStreams = "select count(*) from pg_stat_replication join pg_stat_ssl using (pid) where ssl";

async function serial(cluster: Cluster, host: string): Promise<string> {
  const script =
    `openssl s_client -starttls postgres -connect ${host}:5432 </dev/null 2>/dev/null | openssl x509 -noout -serial`;
  return (await tryExec(await cluster.container("pgslave1"), ["bash", "-c", script])).stdout.trim();
}

test("one word encrypts what the containers say to each other; files and require do it for clients, too", async (t) => {
  await using cluster = await ownCluster({ name, edit: automatic });

  await t.test("with TLS=auto all members connect with TLS and check each other", async () => {
    await cluster.up(services);
    await cluster.waitWhole(startMs, firstLevel);
    await cluster.waitPool(firstLevel);
    const primary = await waitEncrypted(cluster);
    const refused = await login(cluster, primary, "sslmode=disable", "replication_user", "replication_pass");
    assert.match(refused.stderr, /pg_hba.conf rejects connection .*no encryption/);
    const { stderr: unknown } = await login(cluster, primary, "sslmode=prefer", "stranger");
    assert.match(unknown, /pg_hba.conf rejects connection .*"stranger"/);
    for (const host of [primary, "pgpool"]) {
      const clear = await login(cluster, host, "sslmode=disable");
      assert.equal(clear.stdout.trim(), "in", clear.stderr);
      const checked = await login(cluster, host, `sslmode=verify-full sslrootcert=${authorities}`);
      assert.equal(checked.stdout.trim(), "in", checked.stderr);
    }
    for (const host of [primary, "pgpool", "backup"]) {
      const script = `openssl s_client -connect ${host}:8080 -CAfile ${authorities} </dev/null 2>/dev/null`;
      const { stdout } = await tryExec(await cluster.container("pgslave1"), ["bash", "-c", script]);
      assert.match(stdout, /Verify return code: 0 \(ok\)/, `the agent of ${host} speaks TLS`);
    }
    const other = await login(
      cluster,
      (await cluster.address(primary))!,
      `sslmode=verify-full sslrootcert=${authorities}`,
    );
    assert.match(other.stderr, /does not match host name/);
  });

  await t.test("with POOL_AUTH=password pgpool lets in whom the database knows, by TLS only", async () => {
    await cluster.psql(await cluster.waitWhole(wholeMs, firstLevel), "create role guest login password 'made later'");
    const enters = (how: string, password: string) => login(cluster, "pgpool", how, "guest", password);
    const byTls = `sslmode=verify-full sslrootcert=${authorities}`;
    const comes = async () => (await enters(byTls, "made later")).stdout.trim() === "in";
    await waitUntil(comes, { what: "a role that was made later to log in", deadlineMs: wholeMs, everyMs: 500 }, deps);
    assert.notEqual((await enters(byTls, "wrong")).code, 0);
    assert.notEqual((await enters("sslmode=disable", "made later")).code, 0);
  });

  await t.test("a failover keeps it so", async () => {
    const before = await cluster.waitWhole(wholeMs, firstLevel);
    await cluster.waitLease(firstLevel);
    await cluster.kill(before);
    await cluster.waitSuccessor(before, firstLevel, wholeMs);
    await cluster.start(before);
    await waitEncrypted(cluster);
  });

  const directory = await issuedCertificates(name, services);
  await t.test("with TLS=require nobody gets in without TLS, and the mounted files are in use", async () => {
    await Cluster.prepare({ name, edit: mounted(directory) });
    await cluster.composeRun(["up", "-d", ...services], 180_000);
    await cluster.waitWhole(startMs, firstLevel);
    await cluster.waitPool(firstLevel);
    const primary = await waitEncrypted(cluster);
    const clear = await login(cluster, primary, "sslmode=disable");
    assert.match(clear.stderr, /pg_hba.conf rejects connection .*no encryption/);
    assert.notEqual((await login(cluster, "pgpool", "sslmode=disable")).code, 0);
    for (const host of [primary, "pgpool"]) {
      const checked = await login(cluster, host, `sslmode=verify-full sslrootcert=${issuedInside}/ca.crt`);
      assert.equal(checked.stdout.trim(), "in", checked.stderr);
    }
  });

  await t.test("a new certificate is taken without a restart; a key that does not fit is named and not taken", async () => {
    // a standby: on a busy machine a primary may lose its lease meanwhile, which ends its server
    const primary = await cluster.waitWhole(wholeMs, firstLevel);
    const standby = firstLevel.find((node) => node !== primary)!;
    const since = await cluster.psql(standby, "select pg_postmaster_start_time()");
    const before = new Map([[standby, await serial(cluster, standby)], ["pgpool", await serial(cluster, "pgpool")]]);
    await issueAgain(directory, services);
    const told = async () =>
      (await logsOf(await cluster.container("pgpool"))).includes("pgpool shows its new certificate");
    await waitUntil(told, { what: "pgpool's agent to name what is left to do", deadlineMs: 60_000 }, deps);
    await cluster.stop("pgpool");
    await cluster.start("pgpool");
    for (const [host, old] of before) {
      const taken = async () => ![old, ""].includes(await serial(cluster, host));
      await waitUntil(taken, { what: `${host} to show the new certificate`, deadlineMs: 60_000, everyMs: 1_000 }, deps);
    }
    const renewed = await serial(cluster, standby);
    await copyFile(join(directory, "ca.key"), join(directory, "server.key"));
    const named = async () => {
      const pool = await cluster.status("pgpool");
      const faults = [
        (await cluster.nodeStatus(standby))?.tls?.faults[0],
        pool?.component === "pgpool" ? pool.tlsFaults?.[0] : undefined,
      ];
      const wrong = "TLS_KEY_FILE /etc/issued/server.key is not the key of TLS_CERT_FILE";
      return faults.every((fault) => fault?.because.includes(wrong)) || null;
    };
    await waitUntil(named, { what: "the fault in the status", deadlineMs: 100_000, everyMs: 1_000 }, deps);
    assert.equal(await serial(cluster, standby), renewed);
    assert.equal(await cluster.psql(standby, "select pg_postmaster_start_time()"), since);
  });
});
