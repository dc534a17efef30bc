// PURE: is this node the real primary, a false primary, or not a primary (is_major_master.sh in 1.x)? A node that cannot see
// its own role is never healthy.
import type { Role } from "./server-seen.ts";
import { no, type Verdict, yes } from "../../../core/words/verdict.ts";

/** What the verdict looks at of one node, by the node's own word; /status has it. */
export interface HealthReport {
  node: { host: string };
  phase: string;
  fenced: string | null;
  everHadMajority: boolean;
  /** PARTNER_NODES */
  partners: readonly string[];
  lease: { mode: string; held: boolean };
  postgres: { role: Role; upstream: { host: string } | null };
}

export type Asked =
  & { host: string }
  & (
    | { seen: "reached"; status: HealthReport }
    | { seen: "not-understood" | "unreachable" }
  );

/** What the probe knows: the status of its own node and of the nodes asked: PARTNER_NODES, or all registered ones. */
export interface HealthView {
  own: HealthReport;
  asked: readonly Asked[];
}

/**
 * Passes if the node is not a primary, or is the real one. Fails if it is a false primary: another primary has at least as
 * many standbys, or less than a majority of the nodes answers, this one included. Partners that never joined do not count
 * until a majority of PARTNER_NODES has joined once.
 */
export function decideHealth(view: HealthView): Verdict {
  const { own } = view;
  if (own.postgres.role === "unknown") return no("this node could not find out its own role");
  if (own.fenced !== null) return no(`false primary: PostgreSQL was fenced on this node, because ${own.fenced}`);
  if (own.lease.mode === "on" && own.postgres.role === "primary" && !own.lease.held) {
    return no("false primary: it does not hold the lease");
  }
  if (own.postgres.role !== "primary") return yes(`this node is not a primary (${own.phase})`);
  const reached = view.asked.flatMap((a) => a.seen === "reached" ? [a.status] : []);
  const partnered = own.partners.length > 0;
  const everybodyCounts = !partnered || own.everHadMajority || reached.some((s) => s.everHadMajority);
  const size = view.asked.length + 1;
  const have = view.asked.filter((a) => a.seen !== "unreachable").length + 1;
  if (everybodyCounts && have * 2 <= size) {
    const lost = view.asked.filter((a) => a.seen === "unreachable").map((a) => a.host);
    return no(`false primary: only ${have} of ${size} nodes answer; no answer from ${lost.join(", ")}`);
  }
  const standbys = (host: string) =>
    reached.filter((s) => rootOf(s, [own, ...reached]) === host && s.node.host !== host).length;
  const rival = reached.find((s) => s.postgres.role === "primary" && standbys(s.node.host) >= standbys(own.node.host));
  if (rival) {
    return no(
      `false primary: ${rival.node.host} has ${standbys(rival.node.host)} standbys, this node has ${
        standbys(own.node.host)
      }`,
    );
  }
  return yes(`this node is the primary, ${have} of ${size} nodes answer`);
}

/** What counts when a node is asked whether it is healthy; milliseconds. */
export interface Downtime {
  /** for how long its server has failed, in one attempt after another, and why */
  failingMs: number;
  /** its server runs, and refuses what its agent asks: clients may be served */
  refuses: boolean;
  trouble: { because: string } | null;
  /** for how long it has waited for an upstream, a primary or a majority, and why */
  waitingMs: number;
  waitsBecause: string;
  limits: { failingMs: number; waitingMs: number };
}

/** A node that does not do its work. It votes in any case. */
export interface Unhealthy {
  because: string;
  /**
   * Whether a restart of its container may help: only then /healthz fails. It makes no other node come back, and a server that
   * refuses its agent would refuse it again, after its clients were sent away.
   */
  restartHelps: boolean;
}

/** Why a node counts as unhealthy; null while it does not. */
export function decideUnhealthy(
  { failingMs, refuses, trouble, waitingMs, waitsBecause, limits }: Downtime,
): Unhealthy | null {
  const seconds = (ms: number) => `${Math.round(ms / 1000)} s`;
  if (failingMs > 0 && failingMs >= limits.failingMs) {
    const because = `PostgreSQL has not answered its agent for ${seconds(failingMs)}, longer than ` +
      `REPMGR_WAIT_POSTGRES_START_TIMEOUT${trouble === null ? "" : `: ${trouble.because}`}`;
    return { because, restartHelps: !refuses };
  }
  if (waitingMs > 0 && waitingMs >= limits.waitingMs) {
    const because = `this node has waited for ${
      seconds(waitingMs)
    }, longer than WAIT_UPSTREAM_TIMEOUT: ${waitsBecause}`;
    return { because, restartHelps: false };
  }
  return null;
}

/** The host at the top of a node's chain of upstreams, as far as it can be seen. */
function rootOf(status: HealthReport, all: readonly HealthReport[]): string {
  let current = status;
  for (let step = 0; step <= all.length; step++) {
    const { upstream, role } = current.postgres;
    if (role === "primary" || upstream === null) return current.node.host;
    const next = all.find((s) => s.node.host === upstream.host);
    if (!next) return upstream.host;
    current = next;
  }
  return current.node.host;
}
