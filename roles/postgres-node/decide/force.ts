// PURE: how a forced failover ends. Until then the node that an operator has forced votes alone.
import type { PrimaryInSight } from "./view.ts";
import type { Role } from "./server-seen.ts";

export interface ForceView {
  self: { host: string };
  role: Role;
  primary: PrimaryInSight | null;
  forced: boolean;
  /** this node's own vote is enough for the lease */
  votesAlone: boolean;
  /** a majority of the configured voters answers */
  majority: boolean;
  /** a majority has granted the epoch of this leadership, or no lease is needed */
  epochGranted: boolean;
  /** another node has led by a majority since (overruled.ts) */
  overruled: boolean;
  /** the epoch of another node in sight that leads by a majority now; null: none does (overruled.ts) */
  led: number | null;
}

export type ForcePlan =
  | { do: "nothing" }
  /** ask the configured voters for the lease */
  | { do: "ask-majority" }
  /** begin a leadership of a greater epoch, under the lease that a majority has granted by now */
  | { do: "lead-again"; because: string }
  /** the server ends, if it is read-write, then the force: another node leads, or has led by a majority */
  | { do: "yield"; because: string }
  | { do: "end" };

/**
 * A forced leadership took its epoch from one voter: another may know of a greater one, and none knows which nodes its commits
 * waited for. So before a majority counts again, this node leads under an epoch that the majority has granted. It must not do so
 * if that would end the history of a majority that did not know of it.
 */
export function decideForce(view: ForceView): ForcePlan {
  const { epochGranted, forced, led, majority, overruled, primary, role, self, votesAlone } = view;
  if (!forced) {
    return votesAlone
      ? { do: "yield", because: "this node votes alone, and no operator has forced it" }
      : { do: "nothing" };
  }
  const other = primary !== null && primary.host !== self.host ? primary.host : null;
  if (other !== null && (led !== null || role !== "primary")) {
    return { do: "yield", because: `${other} is the primary` };
  }
  if (overruled && (majority || role !== "primary")) {
    return { do: "yield", because: "another node has led by a majority since this node was forced" };
  }
  if (role !== "primary" || !majority) return { do: "nothing" };
  if (votesAlone) return { do: "ask-majority" };
  if (epochGranted) return { do: "end" };
  const because =
    "a majority of the voters is back after a forced failover: this node leads again, under an epoch of theirs";
  return { do: "lead-again", because };
}
