// What strikes beside the lease, in every mode: a fence that stands still, and a second container of the primary's name.
import assert from "node:assert/strict";
import { systemClock, waitUntil } from "../../../core/runtime/time.ts";
import { type Cluster, executableMount } from "../cluster.ts";
import { docker, exec, logsOf, logsSince, tryExec } from "../docker.ts";
import { Ledger, monkey } from "../ledger.ts";
import { assertLedger } from "../ledger-report.ts";
import { leaseTtlMs, nothingMs, staysTrueFor } from "../waits.ts";
import { keepCopy } from "./restored-volume.ts";

const deps = { clock: systemClock };

/** The fence of the primary stands still for longer than a lease while the agent renews it: nothing happens to the server. */
export async function fenceStoppedAlone(cluster: Cluster, among: readonly string[]): Promise<void> {
  const primary = await cluster.waitWhole(undefined, among);
  const container = await cluster.container(primary);
  const ledger = await Ledger.start({ ...monkey, host: (await cluster.address("pgpool"))! });
  await ledger.writes(20);
  const before = await logsOf(container);
  const fence = (await exec(container, ["pgrep", "-f", "postdock postgres-node fence"])).trim();
  const leads = async () => {
    const { lease, postgres } = await cluster.answer(primary);
    return lease.held && postgres.role === "primary";
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
}

/** A second container with the primary's name, memory and data is started: it runs no server, and nothing is lost. */
export async function twinOfThePrimary(cluster: Cluster, among: readonly string[]): Promise<void> {
  const primary = await cluster.waitWhole(undefined, among);
  const twin = await twinOf(cluster, primary);
  try {
    const ledger = await Ledger.start({ ...monkey, host: (await cluster.address(primary))! });
    await ledger.writes(20);
    await docker(["start", twin]);
    const decided = async () => /"phase":"(waiting|recovering)"/.test(await logsOf(twin));
    await waitUntil(decided, { what: "the second container to have looked around", deadlineMs: 30_000 }, deps);
    const harmless = async () =>
      (await tryExec(twin, ["pgrep", "-x", "postgres"])).code === 1 && await cluster.primary(among) === primary;
    await staysTrueFor(nothingMs, harmless, { what: `${primary} leads, and its twin runs no server` });
    await docker(["rm", "-fv", twin]);
    assert.equal(await cluster.waitWhole(undefined, among), primary);
    const report = await ledger.finish({ ...monkey, host: (await cluster.address(primary))! });
    assertLedger("two containers of one name", report, { atLeast: 100, gapMs: leaseTtlMs / 2 });
  } finally {
    await docker(["rm", "-fv", twin]).catch(() => null);
    await docker(["volume", "rm", "-f", twin]);
  }
}

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
