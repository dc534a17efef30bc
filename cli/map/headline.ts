// PURE: the sentence at the top of the page: which node leads, whether writes are accepted, and what is missing.
import { restoreUnderWay } from "../cluster/gather.ts";
import { unseenHolder, unseenText } from "../cluster/unseen-holder.ts";
import type { Story } from "./step.ts";
import { countText, listText, spanText } from "./words.ts";
import {
  barmans,
  candidate,
  type MapView,
  nameOf,
  pools,
  type SeenNode,
  silentNodes,
  silentOthers,
  streams,
  writesReach,
} from "./view.ts";

export interface Headline {
  /** good: nothing is to be done; care: writes are accepted, and something is missing; bad: writes are not accepted */
  level: "good" | "care" | "bad";
  /** the same in a word or two */
  word: string;
  /** parts of one sentence, the most important first */
  says: readonly string[];
  /** how long that has lasted, if it is not as it should be; null: not known */
  since: string | null;
}

/** An election takes less than this, milliseconds. */
const quietMs = 30_000;

/** `worst`: of what doctor finds; null if it finds nothing. */
export function headline(view: MapView, worst: "error" | "warning" | null): Headline {
  const { cluster: { primary } } = view;
  return primary ? led(view, primary, worst) : leaderless(view);
}

const stoppedWrites = { level: "bad", word: "Writes are stopped" } as const;
const lookHere = { level: "care", word: "Look here" } as const;

function led({ cluster, silentMs }: MapView, primary: SeenNode, worst: string | null): Headline {
  const { consistency, postgres } = primary.status;
  const others = cluster.nodes.filter((n) => n.host !== primary.host);
  const streaming = others.filter((n) => streams(n.status)).length;
  const silent = silentNodes(cluster).map((m) => m.host);
  const expected = others.length + silent.length;
  const blocked = consistency.degraded?.startsWith("commits are blocked") ? consistency.degraded : null;
  const serves = primary.status.phase === "running" && postgres.running !== false;
  const writes = blocked ?? (serves ? "writes are accepted" : primary.status.doing);
  const astray = pools(cluster).filter(({ status }) => !writesReach(status, cluster));
  const pool = astray.map(({ host, status }) =>
    `${nameOf(host, "pgpool")} sends writes to ${status.primary ?? "no node"}`
  );
  const longest = Math.max(0, ...silent.map((host) => silentMs[host] ?? 0));
  const whole = streaming === expected;
  const stopped = blocked !== null || !serves;
  const good = whole && worst === null && astray.length === 0;
  return {
    ...(stopped ? stoppedWrites : good ? { level: "good" as const, word: "All is well" } : lookHere),
    says: [`${primary.host} leads`, writes, ...pool, ...standbysText(streaming, expected), ...services(cluster)],
    since: whole || longest < 1_000 ? null : spanText(longest),
  };
}

/** What is wrong with backups, and observers that are away. */
function services(cluster: MapView["cluster"]): string[] {
  const deaf = barmans(cluster).filter(({ status }) => !status.receiving);
  return [
    ...deaf.map(({ host }) => `${nameOf(host, "barman")} receives no WAL`),
    ...silentOthers(cluster).map(({ host }) => `${host} does not answer`),
  ];
}

function standbysText(streaming: number, expected: number): string[] {
  const missing = expected - streaming;
  if (expected === 0) return ["there is no standby"];
  if (missing === 0) return [streaming === 1 ? "its standby streams" : `${allOf(streaming)} standbys stream`];
  if (streaming === 0) return [expected === 1 ? "its standby is missing" : `${allOf(expected)} standbys are missing`];
  return [`${countText(missing, "standby")} of ${expected} ${missing === 1 ? "is" : "are"} missing`];
}

const allOf = (count: number) => count === 2 ? "both" : `all ${count}`;

function leaderless(view: MapView): Headline {
  const { cluster, own, lost } = view;
  const since = lost === null || lost.ms < 1_000 ? null : spanText(lost.ms);
  const bad = (...says: string[]): Headline => ({ ...stoppedWrites, says, since });
  const { nodes } = cluster;
  const restoring = restoreUnderWay(cluster) && nodes.find((n) => n.status.restore !== null);
  if (restoring) {
    const { step, target } = restoring.status.restore!;
    const says = [`${restoring.host} is being restored to ${target}: ${step}`, "writes wait until that has ended"];
    return { level: "care", word: "Restore under way", says, since: null };
  }
  const unseen = unseenHolder(cluster);
  if (unseen) {
    const says = [unseenText(unseen.host), "no pgpool sends it writes", "whether it accepts any is not known"];
    return { level: "bad", word: "Not known", says, since };
  }
  const coming = candidate(cluster);
  if (coming) {
    const from = lost && lost.host !== coming.host ? ` from ${lost.host}` : "";
    return bad(`${coming.host} is taking over${from}`, "writes wait until it leads");
  }
  if (nodes.length === 0) return { ...bad("no database node answers from here"), word: "Not known" };
  if (!nodes.some((n) => n.status.everHadMajority || n.status.postgres.data === "cluster")) {
    return {
      level: "care",
      word: "Starting",
      says: ["the cluster is starting for the first time", "no node has data yet"],
      since: null,
    };
  }
  const ownHost = own.component === "postgres-node" ? own.node.host : null;
  const silent = silentNodes(cluster).map((m) => m.host);
  if (ownHost !== null && nodes.every((n) => n.host === ownHost) && silent.length > 0) {
    return bad(
      `${ownHost} is on its own`,
      `${listText(silent)} cannot be reached from here`,
      "no write is accepted here",
    );
  }
  const gone = lost ? `${lost.host} no longer leads` : "no node leads";
  const missing = silent.length > 0 ? [`${listText(silent)} ${silent.length === 1 ? "does" : "do"} not answer`] : [];
  return bad(
    gone,
    "writes wait for a new leader",
    ...missing.filter((m) => !lost || !m.startsWith(`${lost.host} does`)),
  );
}

/** Why what doctor finds now needs no action: it follows from what goes on by itself. Null: something may have to be done. */
export function needsNothing(view: MapView, told: Story | null): string | null {
  const { cluster: { primary, nodes }, lost, events, wallMs } = view;
  const stuck = told?.steps.some((s) => s.state === "stuck") ?? false;
  if (primary) {
    const promoted = events.findLast((e) => e.event === "Promoted" && e.node === primary.host);
    const young = told !== null && promoted !== undefined && wallMs - Date.parse(promoted.time) < quietMs;
    return young ? "The other containers are on their way to the new primary. There is nothing to do yet." : null;
  }
  if (nodes.length === 0) return null;
  if (nodes.some((n) => n.status.restore?.step === "holding")) return null; // it waits for the operator
  if (nodes.some((n) => n.status.restore?.trouble === null)) {
    return "Everything waits for the restore. There is nothing to do but to wait for its end.";
  }
  if (nodes.some((n) => n.status.trouble !== null || n.status.phase === "failed")) return null;
  if (!nodes.some((n) => n.status.everHadMajority)) {
    return "The nodes are on their way. There is nothing to do but to start those that are missing.";
  }
  const soon = candidate(view.cluster) !== null || (lost !== null && lost.ms < quietMs);
  return soon && !stuck ? "The nodes choose a new primary by themselves. There is nothing to do yet." : null;
}
