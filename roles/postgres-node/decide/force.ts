// PURE: how a forced failover ends. Until then the node that an operator has forced votes alone.
import { type Leadership, ofCluster } from "../../../core/lease/decide/epoch.ts";
import type { PrimaryInSight } from "./view.ts";
import type { Role } from "./server-seen.ts";

export interface ForceView {
  self: { host: string };
  role: Role;
  systemIdentifier: string | null;
  timeline: number | null;
  primary: PrimaryInSight | null;
  forced: boolean;
  /** this node's own vote is enough for the lease */
  votesAlone: boolean;
  /** a majority of the configured voters answers */
  majority: boolean;
  /** what the voters have said of earlier leaderships; complete while this node holds the lease of a majority */
  leaderships: readonly Leadership[];
}

export type ForcePlan =
  | { do: "nothing" }
  /** ask the configured voters for the lease */
  | { do: "ask-majority" }
  /** begin a leadership of a greater epoch, under the lease that a majority has granted by now */
  | { do: "lead-again"; because: string }
  | { do: "end" }
  /** another node leads */
  | { do: "stand-down" };

/**
 * A forced leadership took its epoch from one voter, so another may know of a greater one. Its node would win as soon as this
 * one fails. So before a majority counts again, this node leads under an epoch above all that the majority knows.
 */
export function decideForce(view: ForceView): ForcePlan {
  const { forced, leaderships, majority, primary, role, self, systemIdentifier, timeline, votesAlone } = view;
  if (!forced) return { do: "nothing" };
  if (role !== "primary") {
    return primary === null || primary.host === self.host ? { do: "nothing" } : { do: "stand-down" };
  }
  if (!majority) return { do: "nothing" };
  if (votesAlone) return { do: "ask-majority" };
  const newest = ofCluster(leaderships, systemIdentifier ?? "").toSorted((a, b) => b.epoch - a.epoch)[0];
  if (newest === undefined || newest.epoch <= (timeline ?? 0)) return { do: "end" };
  const because =
    `this node was forced to lead on timeline ${timeline}, but the voters know of epoch ${newest.epoch} ` +
    `of ${newest.host}: it leads again under a greater one`;
  return { do: "lead-again", because };
}
