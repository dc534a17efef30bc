// A run under faults: one fault after another under the clients; after each the cluster must be whole again within a minute.
// At the end every node is read and the records are judged.
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { errorText } from "../../../core/words/errors.ts";
import { systemClock, waitUntil } from "../../../core/runtime/time.ts";
import { root, say } from "../../../tools/terminal.ts";
import { type Cluster, firstLevel, nodes, services } from "../cluster.ts";
import { logsOf } from "../docker.ts";
import { check, type Verdict } from "./check.ts";
import type { Final, History, Mode, Struck } from "./records.ts";
import { describeFault, type Fault, type Seen } from "../faults/fault.ts";
import { holdDown } from "../faults/hold-down.ts";
import { Book } from "../faults/steps.ts";
import { strike } from "../faults/strike.ts";
import { staysTrueFor, wholeMs } from "../waits.ts";
import { readFinal, total, Workload } from "./workload.ts";

const second = ["pgslave2", "pgslave4"];
const deps = { clock: systemClock };

export interface Outcome {
  history: History;
  verdict: Verdict;
  unknown: number;
}

/** Waits until there is one primary, every standby streams, the pool is complete, and writes are acknowledged again. */
async function whole(cluster: Cluster, deadlineMs: number, workload: Workload): Promise<string> {
  const primary = await cluster.waitWhole(deadlineMs);
  await cluster.waitPool(undefined, deadlineMs);
  const goal = workload.pooledAt.length + 20;
  const what = "writes through pgpool to go on";
  await waitUntil(() => Promise.resolve(workload.pooledAt.length >= goal), { what, deadlineMs, everyMs: 50 }, deps);
  return primary;
}

interface Run {
  cluster: Cluster;
  workload: Workload;
  mode: Mode;
}

/** Carries out a fault until it has ended. Returns when it was in force. */
async function bear(fault: Fault, { cluster, workload }: Run, book: Book | null): Promise<number> {
  const sumsAreRight = () => Promise.resolve(workload.wrongSum === undefined);
  const lasts = (ms: number) => staysTrueFor(ms, sumsAreRight, { what: "every read sees all the money" });
  if (book !== null) {
    const { writes } = workload;
    await holdDown(fault, cluster, { writes, lasts }, book);
    return systemClock.nowMs();
  }
  const { second, lastsMs } = fault;
  const heal = await strike(fault, cluster);
  const struckMs = systemClock.nowMs();
  try {
    await lasts(second ? lastsMs - second.lastsMs : lastsMs);
    if (second !== undefined) {
      const healSecond = await strike(second, cluster);
      try {
        await lasts(second.lastsMs);
      } finally {
        await healSecond();
      }
    }
  } finally {
    await heal();
  }
  return struckMs;
}

async function doOne(fault: Fault, { primary, observers }: Seen, run: Run): Promise<Struck> {
  const { cluster, workload, mode } = run;
  const observed = (observers ?? []).length > 0;
  const book = fault.steps && new Book({ voters: firstLevel, primary, strict: mode === "strict", observed }) || null;
  const beganMs = systemClock.nowMs();
  let struckMs = beganMs;
  let finding: string | null = null;
  try {
    struckMs = await bear(fault, run, book);
  } catch (error) {
    finding = `the fault could not be made, borne or ended: ${errorText(error)}`;
    await saveLogs(cluster, beganMs);
  }
  const endedMs = systemClock.nowMs();
  let isWhole = true;
  try {
    await whole(cluster, wholeMs, workload);
  } catch (error) {
    finding = `${finding === null ? "" : `${finding}; `}not whole within ${wholeMs / 1000} s: ${errorText(error)}`;
    await saveLogs(cluster, endedMs);
    isWhole = await whole(cluster, 2 * wholeMs, workload).then(() => true, () => false);
  }
  const recoveryMs = isWhole ? Math.round(systemClock.nowMs() - endedMs) : null;
  const gapMs = workload.gapSince(beganMs);
  const held = book === null ? {} : { held: book.held };
  return { fault, primary, beganMs, struckMs, endedMs, recoveryMs, gapMs, finding, ...held };
}

/** Faults until `next` has no more, the cluster does not heal, or a read saw a wrong sum. The cluster must be whole at the beginning. */
export async function runUnderFaults(
  cluster: Cluster,
  mode: Mode,
  next: (seen: Seen, done: number) => Fault | null,
  observers: readonly string[] = [],
): Promise<Outcome> {
  const workload = await Workload.start(cluster);
  const struck: Struck[] = [];
  try {
    let primary = await whole(cluster, wholeMs, workload);
    while (true) {
      const seen: Seen = { primary, first: firstLevel, second, others: ["pgpool", "backup"], observers };
      const fault = next(seen, struck.length);
      if (fault === null) break;
      struck.push(await doOne(fault, seen, { cluster, workload, mode }));
      say(lineOf(struck.at(-1)!));
      if (struck.at(-1)!.recoveryMs === null) break;
      if (workload.wrongSum !== undefined) {
        await saveLogs(cluster, workload.wrongSum.sentMs);
        break;
      }
      primary = await cluster.waitWhole(wholeMs);
    }
  } finally {
    await workload.stop();
  }
  const { writes, reads, lastSent, unknown } = workload;
  const history: History = { mode, writes, reads, struck, finals: await readFinals(cluster), lastSent, total };
  return { history, verdict: check(history), unknown };
}

/** Every node's rows, the primary's first, once the standbys have replayed what it had. */
async function readFinals(cluster: Cluster): Promise<Final[]> {
  const primary = await cluster.waitWhole(wholeMs).catch(() => null);
  if (primary === null) return [];
  const end = await cluster.psql(primary, "select pg_current_wal_lsn()");
  const finals: Final[] = [];
  for (const node of [primary, ...nodes.filter((n) => n !== primary)]) {
    const replayed = async () =>
      node === primary || await cluster.psql(node, `select pg_last_wal_replay_lsn() >= '${end}'`) === "t";
    await waitUntil(replayed, { what: `${node} to replay ${end}`, deadlineMs: 30_000 }, deps);
    finals.push(await readFinal(node, (await cluster.address(node))!));
  }
  return finals;
}

function lineOf(struck: Struck): string {
  const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`;
  const recovery = struck.recoveryMs === null ? "never whole" : `whole after ${seconds(struck.recoveryMs)}`;
  const at = new Date(systemClock.wallMs()).toISOString().slice(11, 19);
  return `${at} ${describeFault(struck.fault, struck.primary)}: ${recovery}, no write for ${seconds(struck.gapMs)}` +
    (struck.finding === null ? "" : `; FINDING ${struck.finding}`);
}

/** Keeps what every container has printed, to explain a finding. */
async function saveLogs(cluster: Cluster, stamp: number): Promise<void> {
  const directory = join(root, "dist", `chaos-${Math.round(stamp)}`);
  await mkdir(directory, { recursive: true });
  for (const service of services) {
    await writeFile(join(directory, `${service}.log`), await logsOf(await cluster.container(service)));
  }
  say(`the logs of all containers are in ${directory}`);
}
