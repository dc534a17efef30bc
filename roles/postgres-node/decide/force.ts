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
}

export type ForcePlan =
  | { do: "nothing" }
  /** ask the configured voters for the lease */
  | { do: "ask-majority" }
  /** begin a leadership of a greater epoch, under the lease that a majority has granted by now */
  | { do: "lead-again"; because: string }
  /** a majority has overruled it: it leads no longer */
  | { do: "yield"; because: string }
  | { do: "end" }
  /** another node leads, or has led */
  | { do: "stand-down" };

/**
 * A forced leadership took its epoch from one voter: another may know of a greater one, and none knows which nodes its commits
 * waited for. So before a majority counts again, this node leads under an epoch that the majority has granted. It must not do so
 * if that would end the history of a majority that did not know of it.
 */
export function decideForce(view: ForceView): ForcePlan {
  const { epochGranted, forced, majority, overruled, primary, role, self, votesAlone } = view;
  if (!forced) return { do: "nothing" };
  if (role !== "primary") {
    const led = overruled || (primary !== null && primary.host !== self.host);
    return led ? { do: "stand-down" } : { do: "nothing" };
  }
  if (!majority) return { do: "nothing" };
  if (overruled) {
    const because =
      "a majority of the voters is back, and another node has led by a majority since this node was forced";
    return { do: "yield", because };
  }
  if (votesAlone) return { do: "ask-majority" };
  if (epochGranted) return { do: "end" };
  const because =
    "a majority of the voters is back after a forced failover: this node leads again, under an epoch of theirs";
  return { do: "lead-again", because };
}
