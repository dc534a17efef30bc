// PURE: the words about a primary that stops where no standby can take over at once: who leads next, and what may be lost.
import type { NodeConfig } from "../../../config/postgres-node.ts";

export interface Ending {
  /** why no standby can take over at once */
  because: string;
  mode: NodeConfig["consistency"];
  /** the time that a shutdown has */
  stoppingSeconds: number;
}

/** What is lost if another node leads that has not got all WAL of this one. */
const lostText: Readonly<Record<Ending["mode"], string>> = {
  "strict": "nothing that was acknowledged: a node leads only once the nodes in sight prove that they have all of that",
  "partially-strict": "commits that no standby has, acknowledged while none was there to wait for",
  "eventual": "commits that no standby has: this node gives them up when it comes back and follows the new primary",
};

/** Before the shutdown. */
export function endingText({ because, mode, stoppingSeconds }: Ending): Record<string, string> {
  return {
    because,
    then: `PostgreSQL has ${stoppingSeconds} s to send the rest of its WAL to the standbys that stream; commits wait ` +
      "until the nodes that are left elect the one that has most of it",
    atRisk: lostText[mode],
  };
}

/** After a shutdown that was complete. */
export const sentText = "every standby that streamed has all WAL; the nodes that are left elect the primary";

/** After one that was cut off. */
export function cutText({ mode }: Ending): Record<string, string> {
  return {
    atRisk: lostText[mode],
    fix: mode === "strict"
      ? "start this node again if the others say that they cannot prove what they have"
      : "next time wait until `postdock cluster show` shows a standby close behind, or give the stop more time: " +
        "STOPPING_TIMEOUT, and stop_grace_period or docker stop --time",
  };
}
