// Promise: what `what-if` says of the death of nodes is what then happens, and scripts can wait for it.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Forecast } from "../../cli/cluster/what-if.ts";
import { systemClock, waitUntil } from "../../core/runtime/time.ts";
import { ExitCode } from "../../core/words/errors.ts";
import { type Cluster, firstLevel } from "../support/cluster.ts";
import { exampleCluster } from "../support/clusters.ts";
import { exec } from "../support/docker.ts";
import { operate, resultOf } from "../support/faults/operator.ts";
import { successionMs, wholeMs } from "../support/waits.ts";

const deps = { clock: systemClock };

/** What `what-if` says, and its exit code. */
async function ask(cluster: Cluster, ...dying: string[]): Promise<Forecast & { writable: boolean; code: number }> {
  const { code, stdout, stderr } = await operate(cluster, "what-if", ...dying, "--json");
  assert.ok(code === ExitCode.ok || code === ExitCode.no, `${code}: ${stdout}${stderr}`);
  return { ...JSON.parse(stdout), code };
}

/** A write through pgpool. */
async function write(cluster: Cluster, text: string): Promise<void> {
  const login =
    "PGPASSWORD=$CHECK_PASSWORD PGCONNECT_TIMEOUT=3 psql -XAtq -v ON_ERROR_STOP=1 -U $CHECK_USER -h localhost";
  const pool = await cluster.container("pgpool");
  await exec(
    pool,
    ["bash", "-c", `${login} monkey_db -c "$1"`, "bash", `insert into asked values ('${text}')`],
    10_000,
  );
}

test("the node that what-if names leads after the primary's death, nothing is lost, and pgpool writes to it", async () => {
  const cluster = await exampleCluster();
  const primary = await cluster.waitWhole();
  assert.equal((await resultOf(cluster, "wait", "--for", "healthy", "--timeout", "1m")).reached, true);
  await cluster.psql(
    primary,
    "drop table if exists asked; create table asked (text text); grant all on asked to public",
  );
  await write(cluster, "before");
  await resultOf(cluster, "wait", "--for", "lag<1kB", "--timeout", "30s");
  // the server writes something by itself now and then, which a standby has a moment later
  const nothingLost = async () => {
    const said = await ask(cluster, primary);
    return said.lost.bytes === 0 ? said : null;
  };
  const what = "a moment at which nothing would be lost";
  const said = await waitUntil(nothingLost, { what, deadlineMs: 30_000, everyMs: 1_000 }, deps);
  assert.deepEqual([said.code, said.writable, said.blocked], [ExitCode.ok, true, null]);
  assert.deepEqual(said.voters, { left: 2, all: 3, missing: [primary], majority: true });
  assert.ok(said.leader !== null && said.leader !== primary);
  assert.deepEqual(said.others, [], "nothing is written now");
  assert.deepEqual(said.pools.map((p) => p.writes), [said.leader]);
  await cluster.kill(primary);
  await resultOf(cluster, "wait", "--for", `primary=${said.leader}`, "--timeout", "20s");
  const writes = () => write(cluster, "after").then(() => true, () => false);
  await waitUntil(writes, { what: "a write through pgpool", deadlineMs: successionMs }, deps);
  assert.equal(
    await cluster.psql(said.leader, "select string_agg(distinct text, ' ' order by text) from asked"),
    "after before",
  );
  const { code, stdout, stderr } = await operate(cluster, "wait", "--for", "healthy", "--timeout", "2s", "--json");
  assert.deepEqual([code, JSON.parse(stdout).reached], [ExitCode.late, false]);
  assert.match(stderr, new RegExp(`Gave up waiting for the cluster to be healthy.*${primary}: does not answer`));
});

test("with the majority gone no node leads, as what-if has said of each that is left", async () => {
  const cluster = await exampleCluster();
  const primary = await cluster.waitWhole();
  const others = firstLevel.filter((node) => node !== primary);
  const said = await ask(cluster, ...others);
  assert.deepEqual([said.code, said.leader, said.voters.left], [ExitCode.no, null, 1]);
  assert.match(said.because, new RegExp(`${primary} ends its PostgreSQL within LEASE_TTL`));
  await Promise.all(others.map((node) => cluster.kill(node)));
  await cluster.waitEach([primary], "PostgreSQL to end", ({ postgres }) => postgres.role === "none", 20_000);
  await Promise.all(others.map((node) => cluster.start(node)));
  await resultOf(cluster, "wait", "--for", "healthy", "--timeout", "1m");
  const removed = async () => {
    const leader = await cluster.waitWhole();
    return await cluster.psql(leader, "drop table if exists asked").then(() => true, () => false);
  };
  await waitUntil(removed, { what: "the table to be dropped on the primary", deadlineMs: wholeMs }, deps);
});

test("what cannot be asked for is refused; watch shows the cluster and ends by itself", async () => {
  const cluster = await exampleCluster();
  const unknown = await operate(cluster, "what-if", "pgmaster", "pg99");
  assert.equal(unknown.code, ExitCode.usage);
  assert.match(unknown.stderr, /pg99 is not known. Fix: name one or more of .*pgslave3 \(node4\)/);
  assert.equal((await operate(cluster, "wait", "--for", "lag<1 day")).code, ExitCode.usage);
  const watched = await operate(cluster, "watch", "--timeout", "2s");
  assert.equal(watched.code, ExitCode.ok);
  assert.match(watched.stdout, /^lease: held by \w+, term \d+/m);
});

test("doctor says of each finding what shows it and what follows from it", async () => {
  const cluster = await exampleCluster();
  const { findings } = await resultOf(cluster, "doctor") as { findings: Record<string, string>[] };
  const known = findings.find((f) => f.what!.startsWith("passwords that are a default"));
  assert.match(known?.evidence ?? "", /REPLICATION_PASSWORD on .*pgslave4.*; PCP_PASSWORD on localhost/);
  for (const { what, evidence, consequence, fix } of findings) assert.ok(what && evidence && consequence && fix, what);
  const { server } = await cluster.answer(await cluster.waitWhole());
  assert.match(server!.version, /^17\./);
  assert.ok(server!.slots.length > 0 && server!.connections > 0);
});
