// PURE: what the agent does about a difference between what the nodes report and pgpool's view.
import type { BackendTruth } from "./truth.ts";

/** pgpool's view of a backend. */
export interface PoolNode {
  id: number;
  status: "up" | "down" | "waiting" | "unused";
  role: "primary" | "standby";
}

export interface PoolView {
  truth: ReadonlyMap<number, BackendTruth>;
  /** the backend that writes belong to, or null if no primary is in sight */
  primary: number | null;
  /** null: pgpool could not be asked */
  pool: readonly PoolNode[] | null;
  /** for how long pgpool has not answered, milliseconds */
  blindMs: number;
  /** how long ago pgpool was started, milliseconds */
  runningMs: number;
  /** the primary it was started for */
  startedFor: number | null;
  /** it has served a primary since that start */
  served: boolean;
  /** CONSISTENCY=partially-strict: a standby that is far behind gets no reads */
  bounded: boolean;
  /** the backends that the agent has detached since that start and not attached again */
  detached: ReadonlySet<number>;
  /** how often it was started since it last served */
  startsInARow: number;
}

export type PoolAction =
  | { do: "attach" | "detach"; id: number; because: string }
  /** kill pgpool and start it with a status file in which only these backends are up */
  | { do: "restart"; up: number[]; because: string };

/** A pgpool that has not answered PCP for this long hangs, milliseconds. */
export const hungMs = 6_000;
/** A backend is detached when neither its agent nor its PostgreSQL has answered for this long, milliseconds. */
export const lostMs = 1_500;
/** A backend is detached when its agent has not been able to see its PostgreSQL for this long, milliseconds. */
export const unclearMs = 6_000;
/**
 * A pgpool that has just been started serves the clients that wait, and only then, milliseconds after its start, gets the
 * other backends: every session that meets an attach is held up.
 */
export const firstAttachMs = 3_000;

/** How long a started pgpool has to find the primary before it is started again, milliseconds: 5 s, doubling up to a minute. */
export function startPatienceMs(startsInARow: number): number {
  return Math.min(60_000, 5_000 * 2 ** Math.max(0, startsInARow - 1));
}

/**
 * A wrong primary is corrected by a restart, which takes a third of a second. PCP would take seconds and detach all other
 * backends too, and pgpool drops every session anyway when its primary goes. Standbys are corrected by PCP.
 */
export function decidePool(view: PoolView): PoolAction[] {
  const { primary, pool } = view;
  const patient = view.runningMs < startPatienceMs(view.startsInARow);
  if (pool === null) {
    const hung = view.blindMs >= (primary === null ? 2 * hungMs : hungMs) && !(patient && !view.served);
    return hung ? [restart(view, whyHung(view))] : [];
  }
  if (primary === null) return pool.flatMap((node) => detachLost(node, view));
  if (!servesPrimary(pool, primary)) {
    if (!view.served && patient && view.startedFor === primary) return [];
    const hint = view.served ? "" : hintAtChecks;
    return [restart(view, `backend ${primary} is the primary, but pgpool ${describeWriter(pool)}${hint}`)];
  }
  if (view.startedFor !== primary) {
    const then = view.startedFor === null ? "no primary was in sight" : `backend ${view.startedFor} was the primary`;
    return [
      restart(view, `${then} when pgpool was started: sessions from that time may use the wrong backend as primary`),
    ];
  }
  return pool.flatMap((node) => node.id === primary ? [] : [...detachLost(node, view), ...attachReturned(node, view)]);
}

/** Whether pgpool sends writes to the primary and to no other backend. */
export function servesPrimary(pool: readonly PoolNode[], primary: number): boolean {
  const writers = pool.filter((n) => isAttached(n) && n.role === "primary");
  return writers.length === 1 && writers[0]?.id === primary;
}

/** Whether pgpool sends sessions to this backend. */
export function isAttached(node: PoolNode): boolean {
  return node.status === "up" || node.status === "waiting";
}

/**
 * The backends that pgpool starts with: none numbered below the primary. pgpool takes clients before it has found its primary
 * (4.6.1), and until then treats the first backend that is up as the primary. If that were a standby, a session would begin its
 * transaction there, and then write to the real primary outside of that transaction. The others are attached afterwards.
 */
export function upAtStart(truth: ReadonlyMap<number, BackendTruth>, primary: number | null): number[] {
  return inService(truth).filter((id) => primary === null || id >= primary);
}

/** The backends that belong in the pool now. */
export function inService(truth: ReadonlyMap<number, BackendTruth>): number[] {
  return [...truth].flatMap(([id, t]) =>
    t.is === "primary" || (t.is === "standby" && t.caughtUp && !t.stale) ? [id] : []
  );
}

function restart(view: PoolView, because: string): PoolAction {
  return { do: "restart", up: upAtStart(view.truth, view.primary), because };
}

const hintAtChecks = "; if this persists, check CHECK_USER and CHECK_PASSWORD, with which pgpool looks for the primary";

function whyHung(view: PoolView): string {
  const seconds = Math.round(view.blindMs / 1000);
  return view.served
    ? `pgpool has not answered for ${seconds} s`
    : `pgpool has not answered for ${seconds} s, and has not served since its start${hintAtChecks}`;
}

function describeWriter(pool: readonly PoolNode[]): string {
  const writer = pool.find((n) => isAttached(n) && n.role === "primary");
  return writer ? `writes to backend ${writer.id}` : "has no primary";
}

function attachReturned(node: PoolNode, view: PoolView): PoolAction[] {
  const truth = view.truth.get(node.id);
  if (node.status !== "down" || truth?.is !== "standby" || !truth.caughtUp || truth.stale) return [];
  if (view.runningMs < firstAttachMs) return [];
  return [{ do: "attach", id: node.id, because: "it serves as a standby" }];
}

function detachLost(node: PoolNode, view: PoolView): PoolAction[] {
  const because = whyDetach(node.id, view);
  // while no primary is in sight, the pool's primary stays: no other backend may get writes, and it may come back
  const keep = view.primary === null && node.role === "primary";
  return because !== null && isAttached(node) && !keep ? [{ do: "detach", id: node.id, because }] : [];
}

/**
 * A child of pgpool that connects to a backend during its detach marks it as up again (4.6.1). pgpool does not choose its first
 * backend again then, and every login fails. A detach and an attach correct that.
 */
const cameBack = "pgpool has it up again although the agent did not attach it; it is attached again after this";

function whyDetach(id: number, view: PoolView): string | null {
  const truth = view.truth.get(id);
  switch (truth?.is) {
    case "false-primary":
      return "it says it is primary, but it is not";
    case "foreign":
      return view.primary !== null ? "it belongs to another cluster" : null;
    case "down":
      return "its agent says that no PostgreSQL serves there";
    case "unclear":
      return truth.forMs >= unclearMs ? "its agent cannot reach its PostgreSQL" : null;
    case "unseen": // a silent agent is not a reason to detach a backend whose PostgreSQL answers
      return truth.forMs >= lostMs && !truth.postgresAnswers ? "neither its agent nor its PostgreSQL answers" : null;
    case "standby":
      if (view.detached.has(id)) return cameBack;
      if (truth.stale) return "it does not stream, or its replay is paused: what it shows may be of any age";
      return view.bounded && truth.farBehind ? "it is further behind than CONSISTENCY=partially-strict allows" : null;
    case "primary":
    case undefined:
      return null;
  }
}
