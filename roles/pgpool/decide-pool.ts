// PURE: what the agent does about the difference between the nodes' own word and pgpool's view (DESIGN.md section 6).

/** What a backend's node says of itself. */
export type BackendTruth =
  | { seen: "unreachable"; forMs: number }
  | { seen: "reached"; role: "primary" | "standby" | "none" | "unknown"; sameCluster: boolean; forMs: number };

/** pgpool's view of a backend. */
export interface PoolNode {
  id: number;
  status: "up" | "down" | "waiting" | "unused";
  role: "primary" | "standby";
}

export interface PoolView {
  /** by backend number; `forMs`: how long this has been so */
  truth: ReadonlyMap<number, BackendTruth>;
  /** the backend that writes belong to, or null where no primary is in sight */
  primary: number | null;
  /** null: pgpool could not be asked */
  pool: readonly PoolNode[] | null;
  /** how long pgpool has not answered, milliseconds */
  blindMs: number;
  /** how long pgpool has not served the primary although there is one, milliseconds */
  wrongMs: number;
  /** how long ago pgpool was started, milliseconds */
  runningMs: number;
}

export type PoolAction =
  | { do: "attach" | "detach" | "promote"; id: number; because: string }
  /** kill it and start it with a status file in which only these are up */
  | { do: "restart"; up: number[]; because: string };

/** What PCP has not achieved within this, a restart does, milliseconds. */
export const pcpPatienceMs = 2_000;
/** A pgpool that does not answer PCP this long is hung, milliseconds. */
export const hungMs = 6_000;
/** A backend out of service or out of sight this long is detached, milliseconds. */
export const lostMs = 3_000;
/** pgpool is left alone this long after a start, milliseconds. */
export const settleMs = 2_500;

export function decidePool(view: PoolView): PoolAction[] {
  const { primary } = view;
  if (view.runningMs < settleMs) return [];
  if (primary === null) return view.blindMs >= hungMs * 2 ? [restart(view, "pgpool does not answer")] : [];
  if (view.pool === null) return view.blindMs >= hungMs ? [restart(view, "pgpool does not answer")] : [];
  if (view.wrongMs >= pcpPatienceMs) {
    return [restart(view, `pgpool has not taken backend ${primary} as primary for ${Math.round(view.wrongMs)} ms`)];
  }
  return view.pool.flatMap((node) => mend(node, primary, view));
}

/** Whether pgpool sends writes to the primary and to nobody else. */
export function servesPrimary(pool: readonly PoolNode[], primary: number): boolean {
  const writers = pool.filter((n) => n.status !== "down" && n.status !== "unused" && n.role === "primary");
  return writers.length === 1 && writers[0]?.id === primary;
}

/** The backends that belong in the pool now. */
export function inService(view: Pick<PoolView, "truth" | "primary">): number[] {
  return [...view.truth].flatMap(([id, truth]) =>
    truth.seen === "reached" && truth.sameCluster && (id === view.primary || truth.role === "standby") ? [id] : []
  );
}

function restart(view: PoolView, because: string): PoolAction {
  return { do: "restart", up: inService(view), because };
}

function mend(node: PoolNode, primary: number, view: PoolView): PoolAction[] {
  const truth = view.truth.get(node.id);
  if (!truth || node.status === "unused") return [];
  const attached = node.status !== "down";
  if (node.id === primary) {
    if (!attached) return [{ do: "attach", id: node.id, because: "it is the primary" }];
    return node.role === "primary" ? [] : [{ do: "promote", id: node.id, because: "it is the primary" }];
  }
  if (truth.seen === "reached" && truth.role === "primary") {
    return attached
      ? [{ do: "detach", id: node.id, because: `it claims to be primary, but backend ${primary} is` }]
      : [];
  }
  const belongs = truth.seen === "reached" && truth.sameCluster && truth.role === "standby";
  if (belongs) {
    return attached ? [] : [{ do: "attach", id: node.id, because: "it serves as a standby" }];
  }
  if (!attached) return [];
  const gone = node.role === "primary" || truth.forMs >= lostMs;
  if (!gone) return [];
  const why = truth.seen === "unreachable"
    ? "its agent does not answer"
    : `it is ${truth.role === "none" ? "not in service" : "of another cluster or does not answer"}`;
  return [{ do: "detach", id: node.id, because: why }];
}
