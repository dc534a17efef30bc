// PURE: what the agent does about the difference between the nodes' own word and pgpool's view (DESIGN.md section 6).
import type { BackendTruth } from "./truth.ts";

/** pgpool's view of a backend. */
export interface PoolNode {
  id: number;
  status: "up" | "down" | "waiting" | "unused";
  role: "primary" | "standby";
}

export interface PoolView {
  truth: ReadonlyMap<number, BackendTruth>;
  /** the backend that writes belong to, or null where no primary is in sight */
  primary: number | null;
  /** null: pgpool could not be asked */
  pool: readonly PoolNode[] | null;
  /** how long pgpool has not answered, milliseconds */
  blindMs: number;
  /** how long ago pgpool was started, milliseconds */
  runningMs: number;
  /** the primary it was started for */
  startedFor: number | null;
  /** it has served a primary since that start */
  served: boolean;
  /** CONSISTENCY=partially-strict: a standby that is far behind gets no reads */
  bounded: boolean;
  /** the backends that the agent has detached and not attached since that start */
  detached: ReadonlySet<number>;
  /** how often it was started since it last served */
  startsInARow: number;
}

export type PoolAction =
  | { do: "attach" | "detach"; id: number; because: string }
  /** kill it and start it with a status file in which only these are up */
  | { do: "restart"; up: number[]; because: string };

/** A pgpool that does not answer PCP this long is hung, milliseconds. */
export const hungMs = 6_000;
/** A backend neither of whose agent and PostgreSQL has answered this long is detached, milliseconds. */
export const lostMs = 1_500;
/** A backend whose agent cannot tell whether PostgreSQL serves is detached after this, milliseconds. */
export const unclearMs = 6_000;

/** How long a started pgpool has to find the primary before it is started once more: 5 s, doubling up to a minute. */
export function startPatienceMs(startsInARow: number): number {
  return Math.min(60_000, 5_000 * 2 ** Math.max(0, startsInARow - 1));
}

/**
 * A wrong primary is mended by a restart: pgpool drops every session when its primary goes anyway, and where PCP takes
 * seconds and detaches all other backends too, a restart takes a third of a second. Standbys are mended by PCP.
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
    return [restart(view, `backend ${primary} is the primary, and pgpool ${describeWriter(pool)}${hint}`)];
  }
  if (view.startedFor !== primary) {
    const then = view.startedFor === null ? "no primary was in sight" : `backend ${view.startedFor} was the primary`;
    return [restart(view, `${then} when pgpool was started: sessions of that time may mix the two`)];
  }
  return pool.flatMap((node) => node.id === primary ? [] : [...detachLost(node, view), ...attachReturned(node, view)]);
}

/** Whether pgpool sends writes to the primary and to nobody else. */
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
 * (4.6.1), and until then the first backend that is up counts as it: were that a standby, a session would begin its
 * transaction there and write to the primary, once that is found, outside of it. The others are attached afterwards.
 */
export function upAtStart(truth: ReadonlyMap<number, BackendTruth>, primary: number | null): number[] {
  return inService(truth).filter((id) => primary === null || id >= primary);
}

/** The backends that belong in the pool now. */
export function inService(truth: ReadonlyMap<number, BackendTruth>): number[] {
  return [...truth].flatMap(([id, t]) => t.is === "primary" || (t.is === "standby" && t.caughtUp) ? [id] : []);
}

function restart(view: PoolView, because: string): PoolAction {
  return { do: "restart", up: upAtStart(view.truth, view.primary), because };
}

const hintAtChecks = "; where this goes on, check CHECK_USER and CHECK_PASSWORD, which it looks for the primary with";

function whyHung(view: PoolView): string {
  const seconds = Math.round(view.blindMs / 1000);
  return view.served
    ? `pgpool has not answered for ${seconds} s`
    : `pgpool has not come up within ${seconds} s${hintAtChecks}`;
}

function describeWriter(pool: readonly PoolNode[]): string {
  const writer = pool.find((n) => isAttached(n) && n.role === "primary");
  return writer ? `writes to backend ${writer.id}` : "has no primary";
}

function attachReturned(node: PoolNode, view: PoolView): PoolAction[] {
  const truth = view.truth.get(node.id);
  if (node.status !== "down" || truth?.is !== "standby" || !truth.caughtUp) return [];
  return [{ do: "attach", id: node.id, because: "it serves as a standby" }];
}

function detachLost(node: PoolNode, view: PoolView): PoolAction[] {
  const because = whyDetach(node.id, view);
  // without a primary in sight the pool's primary stays: nobody else may be written to, and it may come back
  const keep = view.primary === null && node.role === "primary";
  return because !== null && isAttached(node) && !keep ? [{ do: "detach", id: node.id, because }] : [];
}

/**
 * A child of pgpool that is just connecting to a backend while it is detached marks it as up again (4.6.1), and pgpool does
 * not choose its first backend anew: from then on every login fails. A detach and an attach put that right.
 */
const cameBack = "pgpool has it back although nobody attached it; it is attached again in order";

function whyDetach(id: number, view: PoolView): string | null {
  const truth = view.truth.get(id);
  switch (truth?.is) {
    case "false-primary":
      return "it says it is primary, and is not";
    case "foreign":
      return view.primary !== null ? "it belongs to another cluster" : null;
    case "down":
      return "its agent says that no PostgreSQL serves there";
    case "unclear":
      return truth.forMs >= unclearMs ? "its agent cannot reach its PostgreSQL" : null;
    case "unseen": // an agent that is silent while PostgreSQL answers is no reason to take the backend away
      return truth.forMs >= lostMs && !truth.postgresAnswers ? "neither its agent nor its PostgreSQL answers" : null;
    case "standby":
      if (view.detached.has(id)) return cameBack;
      return view.bounded && truth.farBehind ? "it is further behind than CONSISTENCY=partially-strict allows" : null;
    case "primary":
    case undefined:
      return null;
  }
}
