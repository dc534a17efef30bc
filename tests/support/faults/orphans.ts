// Processes that outlive their postmaster, and what must be true of them: none is alive once a node leads again.
import assert from "node:assert/strict";
import { systemClock, waitUntil } from "../../../core/runtime/time.ts";
import type { Cluster } from "../cluster.ts";
import { tryExec } from "../docker.ts";
import { successionMs } from "../waits.ts";
import { strike } from "./strike.ts";

const deps = { clock: systemClock };

/** How long its session computes, seconds: longer than any lease. */
const busySeconds = 60;
const table = "outlived";

interface BusyServer {
  /** of the lease under which it runs */
  term: number;
  /** its processes that still run */
  alive(): Promise<string[]>;
  /** everything that its busy session has printed, once that has ended */
  said: Promise<string>;
}

/**
 * The server of this primary with a session that inserts a row, computes for long without waiting once, so that its backend
 * does not notice the death of the postmaster by itself, and then commits.
 */
async function busyServer(cluster: Cluster, node: string): Promise<BusyServer> {
  const container = await cluster.container(node);
  await cluster.psql(node, `drop table if exists ${table}; create table ${table} (n int)`);
  const busy = `begin; insert into ${table} values (1); do $$ declare till timestamptz := clock_timestamp() + ` +
    `'${busySeconds} s'; begin while clock_timestamp() < till loop null; end loop; end $$; commit;`;
  const session = tryExec(container, ["bash", "-c", `echo "$0" | psql -U postgres -d monkey_db`, busy], 120_000);
  const find = "select pid from pg_stat_activity where query like 'do $$%' and state = 'active'";
  await waitUntil(() => cluster.psql(node, find), { what: "the busy session", deadlineMs: 60_000 }, deps);
  // without those that are dead and wait for a parent that hangs
  const running = ["pgrep", "-x", "-r", "R,S,D,T", "postgres"];
  const pids = async () => (await tryExec(container, running)).stdout.split("\n").filter((pid) => pid !== "");
  const before = await pids();
  return {
    term: (await cluster.answer(node)).lease.term,
    alive: async () => (await pids()).filter((pid) => before.includes(pid)),
    said: session.then(({ stdout }) => stdout),
  };
}

/** What ends a fault. */
type Heal = () => Promise<void>;

/**
 * The postmaster is killed while the agent hangs, so that a busy backend is left and no renewal is sent: only the fence can end
 * that backend when the lease ends. Resolves once a node leads again.
 */
export async function orphansAtLeaseEnd(cluster: Cluster, primary: string, among: readonly string[]): Promise<Heal> {
  const server = await busyServer(cluster, primary);
  const heal = await strike({ kind: "freeze-agent", targets: [primary], from: [], lastsMs: 0 }, cluster);
  await strike({ kind: "kill-postmaster", targets: [primary], from: [], lastsMs: 0 }, cluster);
  assert.ok((await server.alive()).length > 0, "the backend has outlived its postmaster");
  await noneOutlives(cluster, server, among);
  return heal;
}

/** The postmaster is frozen, its sessions go on, and an operator asks for a switchover. Resolves once a node leads again. */
export async function handOverFrozen(cluster: Cluster, primary: string, among: readonly string[]): Promise<Heal> {
  const server = await busyServer(cluster, primary);
  const heal = await strike({ kind: "freeze-postmaster", targets: [primary], from: [], lastsMs: 0 }, cluster);
  const asked = tryExec(await cluster.container(primary), ["postdock", "cluster", "switchover"], 90_000);
  await noneOutlives(cluster, server, among);
  await asked;
  return heal;
}

/** Waits for the next leadership, and checks that when it has begun no process of the server before it is alive. */
async function noneOutlives(cluster: Cluster, server: BusyServer, among: readonly string[]): Promise<void> {
  const next = await waitTerm(cluster, server.term, among);
  assert.deepEqual(await server.alive(), [], `${next} leads while processes of the server before it are alive`);
  assert.doesNotMatch(await server.said, /COMMIT/);
  await cluster.psql(next, `drop table ${table}`);
}

/** Waits until a node leads under a later term than this: another node, or the same one again. */
export async function waitTerm(cluster: Cluster, after: number, among: readonly string[]): Promise<string> {
  const later = async () => {
    const leader = await cluster.primary(among);
    const status = leader === null ? null : await cluster.nodeStatus(leader); // it may be another server by now
    return status?.postgres.role === "primary" && status.lease.held && status.lease.term > after ? leader : null;
  };
  const what = { what: `a node to lead after term ${after}`, deadlineMs: 3 * successionMs, everyMs: 50 };
  return await waitUntil(later, what, deps);
}
