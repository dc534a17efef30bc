// Promise: no node is read-write without the lease, neither after a promotion by hand, nor while its agent hangs, nor beside
// another container of its name. A node that has the lease stays read-write, also if its fence was stopped for a while.
import assert from "node:assert/strict";
import { test } from "node:test";
import { systemClock, waitUntil } from "../../core/runtime/time.ts";
import { type Cluster, executableMount, firstLevel, nodes } from "../support/cluster.ts";
import { exampleCluster } from "../support/clusters.ts";
import { docker, exec, logsOf, logsSince, tryExec } from "../support/docker.ts";
import { keepCopy } from "../support/faults/restored-volume.ts";
import { Ledger, monkey } from "../support/ledger.ts";
import { assertLedger } from "../support/ledger-report.ts";
import { leaseTtlMs, nothingMs, staysTrueFor, successionMs } from "../support/waits.ts";

const deps = { clock: systemClock };

test("a standby promoted by hand does not become read-write, and returns", async () => {
  const cluster = await exampleCluster();
  const primary = await cluster.waitWhole();
  const { timeline } = (await cluster.nodeStatus(primary))!.postgres;
  const standby = firstLevel.find((n) => n !== primary)!;
  const container = await cluster.container(standby);
  const refused = await tryExec(container, ["gosu", "postgres", "repmgr", "standby", "promote"], 90_000);
  assert.notEqual(refused.code, 0);
  assert.match(refused.stderr, /already has an active primary/, "repmgr itself sees that the primary lives");
  const before = await logsOf(container);
  await tryExec(container, ["gosu", "postgres", "pg_ctl", "promote", "-D", "/var/lib/postgresql/data"], 90_000);
  await waitUntil(async () => (await logsSince(container, before)).includes("this node does not hold the lease"), {
    what: "the refusal in the log",
    deadlineMs: 20_000,
  }, deps);
  assert.equal(await cluster.waitWhole(), primary);
  assert.equal((await cluster.nodeStatus(primary))!.postgres.timeline, timeline, "the cluster has not moved on");
});

test("the fence acts while the agent hangs; the node returns when the agent does", async () => {
  const cluster = await exampleCluster();
  const old = await cluster.waitWhole();
  const container = await cluster.container(old);
  const agent = (await exec(container, ["pgrep", "-f", "^postdock postgres-node entrypoint"])).trim();
  const before = await logsOf(container);
  await exec(container, ["kill", "-STOP", agent]);
  let promoted: string;
  try {
    await waitUntil(async () => (await tryExec(container, ["pgrep", "-x", "-r", "R,S,D,T", "postgres"])).code === 1, {
      what: "PostgreSQL to be ended by the fence process",
      deadlineMs: successionMs,
    }, deps);
    promoted = await cluster.waitWhole(undefined, nodes.filter((n) => n !== old));
  } finally {
    await exec(container, ["kill", "-CONT", agent]);
  }
  assert.equal(await cluster.waitWhole(), promoted);
  assert.match(await logsSince(container, before), /"event":"The fence process has ended PostgreSQL"/);
});

test("a fence that was stopped alone for longer than a lease does not end a primary that has renewed its lease", async () => {
  const cluster = await exampleCluster();
  const primary = await cluster.waitWhole();
  const container = await cluster.container(primary);
  const ledger = await Ledger.start({ ...monkey, host: (await cluster.address("pgpool"))! });
  await ledger.writes(20);
  const before = await logsOf(container);
  const fence = (await exec(container, ["pgrep", "-f", "postdock postgres-node fence"])).trim();
  const leads = async () => {
    const status = await cluster.nodeStatus(primary);
    return status?.lease.held === true && status.postgres.role === "primary";
  };
  await exec(container, ["kill", "-STOP", fence]);
  try {
    await staysTrueFor(leaseTtlMs + 1_000, leads, { what: `${primary} renews its lease` });
  } finally {
    await exec(container, ["kill", "-CONT", fence]);
  }
  await staysTrueFor(2_000, leads, { what: `${primary} is still the primary` });
  const report = await ledger.finish({ ...monkey, host: (await cluster.address(primary))! });
  assertLedger("a fence stopped alone", report, { atLeast: 100, gapMs: leaseTtlMs / 2 });
  const said = await logsSince(container, before);
  assert.doesNotMatch(said, /has ended PostgreSQL|The server has ended|PostgreSQL is started/);
  assert.equal(
    (await exec(container, ["pgrep", "-f", "postdock postgres-node fence"])).trim(),
    fence,
    "the same fence",
  );
});

test("a second container with the name and the data of the primary is never read-write, and nothing is lost", async () => {
  const cluster = await exampleCluster();
  const primary = await cluster.waitWhole();
  const twin = await twinOf(cluster, primary);
  try {
    const ledger = await Ledger.start({ ...monkey, host: (await cluster.address(primary))! });
    await ledger.writes(20);
    await docker(["start", twin]);
    const decided = async () => /"phase":"(waiting|recovering)"/.test(await logsOf(twin));
    await waitUntil(decided, { what: "the second container to have looked around", deadlineMs: 30_000 }, deps);
    const harmless = async () =>
      (await tryExec(twin, ["pgrep", "-x", "postgres"])).code === 1 && await cluster.primary() === primary;
    await staysTrueFor(nothingMs, harmless, { what: `${primary} leads, and its twin runs no server` });
    await docker(["rm", "-fv", twin]);
    assert.equal(await cluster.waitWhole(), primary);
    const report = await ledger.finish({ ...monkey, host: (await cluster.address(primary))! });
    assertLedger("two containers of one name", report, { atLeast: 100, gapMs: leaseTtlMs / 2 });
  } finally {
    await docker(["rm", "-fv", twin]).catch(() => null);
    await docker(["volume", "rm", "-f", twin]);
  }
});

/** A container that is not started: the node's environment, name and network, and a copy of its volume, memory included. */
async function twinOf(cluster: Cluster, node: string): Promise<string> {
  const name = `${cluster.project}-twin`;
  const container = await cluster.container(node);
  await docker(["rm", "-fv", name]).catch(() => null); // left by an interrupted run
  await keepCopy(cluster, node, "pgsql_tmp.postdock/*.json");
  const { Config: config } = JSON.parse(await docker(["inspect", "--format", "{{json .}}", container]));
  const environment = [...config.Env as string[], "SSH_ENABLE=0"].flatMap((e) => ["-e", e]);
  const network = ["--network", await cluster.network(), "--network-alias", node];
  const data = ["-v", `${name}:/var/lib/postgresql/data`, ...executableMount];
  const fill = "cp -a /from/pgsql_tmp.copy/. /var/lib/postgresql/data/ && rm -rf /from/pgsql_tmp.copy";
  const from = ["-v", `${cluster.project}_${node}:/from`, "--entrypoint", "sh", config.Image, "-c", fill];
  await docker(["run", "--rm", "-v", `${name}:/var/lib/postgresql/data`, ...from]);
  await docker(["create", "--name", name, ...network, ...environment, ...data, config.Image]);
  return name;
}
