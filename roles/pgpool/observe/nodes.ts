// Asks each backend's node what it is, each in its own loop, so that a silent node delays no other.
import type { Backend } from "../../../config/list-syntax.ts";
import type { ControlClient } from "../../../core/client/control-client.ts";
import type { Peers } from "../../../core/client/peers.ts";
import { postgresAnswers } from "../../../core/runtime/postgres-ping.ts";
import type { Clock } from "../../../core/runtime/time.ts";
import { misdirected } from "../../../core/protocol/identity.ts";
import { reportOf } from "../../../core/protocol/choose-primary.ts";
import type { NodeStatus } from "../../../core/protocol/status.ts";
import type { BackendReport, NodeSeen } from "../decide/truth.ts";

/** Pause between two questions to a node, milliseconds: while all is well, and while there is no primary or the pool is wrong. */
export const calmMs = 1_000;
export const hurryMs = 200;
const answerMs = 1_000;

export interface NodeWatch {
  /** the last report of every backend's node, in the order of BACKENDS */
  seen(): NodeSeen[];
  /** resolves when any node's report changes, or after `ms` */
  changed(ms: number): Promise<void>;
  /** resolves once every node has answered, or failed to answer, one question */
  first: Promise<void>;
  /** true: ask often */
  hurry(on: boolean): void;
}

/** One answer, and the revision from which changes are asked for. */
type Look = Omit<NodeSeen, "forMs"> & { revision: number | undefined; ownHost: string };

/** The agents of the nodes, and the addresses of their servers. */
interface Doors {
  client: Pick<ControlClient, "askNode">;
  peers: Pick<Peers, "names">;
}

interface Word {
  seen: Look;
  /** a short form of what it reported; `sinceMs`: since when */
  key: string;
  sinceMs: number;
}

/** Begins to watch; ends with the signal. */
export function watchNodes(
  backends: readonly Backend[],
  deps: { clock: Clock; stop: AbortSignal } & Doors,
): NodeWatch {
  const { clock, stop } = deps;
  const words = new Map<number, Word>();
  let wake = new AbortController();
  let rush = new AbortController();
  const note = (seen: Look) => {
    const key = wordOf(seen);
    const before = words.get(seen.id);
    words.set(seen.id, { seen, key, sinceMs: before?.key === key ? before.sinceMs : clock.nowMs() });
    if (before?.key === key) return;
    wake.abort();
    wake = new AbortController();
  };
  // The first primary of a cluster knows before all others that a majority has joined. If a standby says it first, what the
  // primary said is old.
  const askUnmarked = async ({ report }: Look) => {
    if (!report?.everHadMajority) return;
    const unmarked = [...words.values()].flatMap(({ seen }) =>
      seen.report?.role === "primary" && !seen.report.everHadMajority ? [seen.id] : []
    );
    const ask = backends.filter((b) => unmarked.includes(b.id));
    await Promise.all(ask.map(async (b) => note(await look(b, deps))));
  };
  const watch = async (backend: Backend) => {
    while (!stop.aborted) {
      const before = words.get(backend.id)?.seen.revision;
      const seen = await look(backend, deps, before);
      await askUnmarked(seen);
      note(seen);
      // a node that was asked for changes answers when there is one; a silent node is asked again after a pause
      if (seen.report !== null && before !== undefined) continue;
      const soon = rush.signal.aborted;
      await clock.sleep(soon ? hurryMs : calmMs, soon ? stop : AbortSignal.any([stop, rush.signal]));
    }
  };
  const first = Promise.all(backends.map((b) => look(b, deps).then(note))).then(() => {});
  void first.then(() => Promise.all(backends.map(watch)));
  return {
    first,
    seen: () => {
      const now = clock.nowMs();
      const all = [...words.values()];
      const wrong = misdirected(
        all.flatMap(({ seen: { host, ownHost, report } }) => report ? [{ host, nodeId: report.nodeId, ownHost }] : []),
        backends.map((b) => b.host),
      );
      return all.map(({ seen: { revision: _, ownHost: __, ...seen }, sinceMs }) => ({
        ...seen,
        ...(wrong.has(seen.host) ? { report: null, postgresAnswers: false } : {}),
        forMs: now - sinceMs,
      }));
    },
    changed: (ms) => clock.sleep(ms, AbortSignal.any([stop, wake.signal])),
    hurry: (on) => {
      if (on) rush.abort();
      else if (rush.signal.aborted) rush = new AbortController();
    },
  };
}

async function look(backend: Backend, { client, peers }: Doors, since?: number): Promise<Look> {
  const { id, host, port } = backend;
  const how = since === undefined ? { timeoutMs: answerMs } : { timeoutMs: calmMs + answerMs, since };
  const answer = await client.askNode(host, how);
  if (answer.seen === "reached") {
    const { status } = answer;
    return {
      id,
      host,
      report: backendReport(host, status),
      postgresAnswers: true,
      ownHost: status.node.host,
      revision: status.revision,
    };
  }
  const answers = await peers.names.addressOf(host, answerMs)
    .then(({ address }) => postgresAnswers(address, port, answerMs), () => false);
  const why = answer.seen === "not-understood" || answer.stranger ? answer.error : undefined;
  return { id, host, report: null, why, postgresAnswers: answers, ownHost: host, revision: undefined };
}

function backendReport(host: string, status: NodeStatus): BackendReport {
  const { lsn, replayLsn, lagBytes, replayPaused, upstream } = status.postgres;
  const follows = upstream?.streaming === true && !replayPaused;
  return { ...reportOf(host, status), lsn, replayLsn, lagBytes, follows };
}

function wordOf({ report, postgresAnswers }: Look): string {
  if (report === null) return `silent ${postgresAnswers}`;
  const { role, timeline, licensed, held, everHadMajority, follows } = report;
  return [role, timeline, licensed, held, everHadMajority, follows].join(" ");
}
