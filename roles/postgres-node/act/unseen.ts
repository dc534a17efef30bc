// A server that runs, and whose agent is not let in or gets no answer: it is said, and a primary gives way where a standby leads.
import type { Trouble } from "../../../core/protocol/trouble.ts";
import { errorText } from "../../../core/words/errors.ts";
import { leads, type Node } from "../node.ts";
import { observeSurroundings } from "../observe/surroundings.ts";
import { refusedHere, seeLog } from "../observe/trouble.ts";
import type { ServerEnd } from "../run.ts";
import { successorOf } from "./hand-over.ts";

/** A primary that has refused its agent for so long gives way, milliseconds: an operator's reload takes less. */
const patienceMs = 30_000;

/** Says what keeps the agent from seeing its server; once in the history. `refused`: null if the server is silent. */
export function noteUnseen(refused: Trouble | null, why: string, { clock, condition, history }: Node): void {
  const trouble = refused ?? { because: `PostgreSQL does not answer its agent: ${why}`, fix: seeLog };
  if (condition.failed(clock.nowMs(), trouble, refused !== null)) {
    history.warn("The agent cannot see its server", { ...trouble });
  }
}

/**
 * After a look that failed. Probes and pgpool send no client to a primary that its agent does not see, and nobody keeps its
 * synchronous standbys. One that refuses its agent gives way to a standby that is seen; another start of it would be refused
 * again, so without such a standby it serves on. One that only is silent stays: under load a standby would be so too.
 */
export async function giveWayUnseen(error: unknown, node: Node): Promise<ServerEnd | null> {
  const { candidacy, clock, config, seen } = node;
  if (seen.role() !== "unknown" || candidacy.current !== null) return null;
  const refused = refusedHere(error, config);
  noteUnseen(refused, errorText(error), node);
  if (refused === null || seen.silentMs(clock.nowMs()) < patienceMs || !leads(node)) return null;
  const succession = successorOf(node, await observeSurroundings(node), null);
  if (succession === null || "none" in succession) return null;
  return { why: "handed-over", heir: { to: succession.to, because: refused.because } };
}
