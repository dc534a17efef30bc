// One duty of a node at each look at its running server (duties.ts), and what is said of one that fails.
import { remedyFor } from "../../core/postgres/remedy.ts";
import { errorText, OperatorError } from "../../core/words/errors.ts";
import type { Surroundings } from "./decide/view.ts";
import type { Node } from "./node.ts";
import type { ServerEnd } from "./run.ts";

export interface Duty {
  name: string;
  /** why it has this place in the order; null if its place does not matter */
  orderBecause: string | null;
  /** "end": what follows relies on it, so the server ends; "retry": a sound server runs on, and the next look tries again */
  ifItFails: "end" | "retry";
  /** returns why the server has to end, if it has to */
  do(surroundings: Surroundings): Promise<ServerEnd | null | void> | void;
}

/** A duty whose place does not matter, and that a sound server survives. */
export const upkeep = (name: string, part: { keep: Duty["do"] }): Duty => {
  return { name, orderBecause: null, ifItFails: "retry", do: (seen) => part.keep(seen) };
};

/** What has failed for so long is a trouble of this node, milliseconds. */
const lastingMs = 10_000;
/** Without a failure for so long it is over: many duties work only every ten seconds. Milliseconds. */
const overMs = 30_000;

/** A duty that fails is tried again. Neither does the server end for it, nor are later duties left out. */
export function retried(step: Duty, { clock, condition, config, log }: Node): Duty {
  let said: string | null = null;
  let failing: { sinceMs: number; lastMs: number } | null = null;
  condition.dutyFails(step.name, null); // what was said in an earlier run of the server
  return {
    ...step,
    do: async (surroundings) => {
      const nowMs = clock.nowMs();
      try {
        const end = await step.do(surroundings);
        if (failing === null || nowMs - failing.lastMs < overMs) return end;
        said = failing = null;
        condition.dutyFails(step.name, null);
        return end;
      } catch (error) {
        const why = errorText(error);
        if (why !== said) log.warn("A duty failed; it is tried again at each look", { duty: step.name, why });
        said = why;
        failing = { sinceMs: failing?.sinceMs ?? nowMs, lastMs: nowMs };
        if (nowMs - failing.sinceMs < lastingMs) return null;
        const told = error instanceof OperatorError ? error : null;
        const cause = told === null ? why : [told.what, told.why].filter((t) => t !== undefined).join(": ");
        const because = `the agent of ${config.host} fails again and again at "${step.name}": ${cause}`;
        const fix = told?.fix ?? remedyFor(why, config) ??
          `see the log of ${config.host}; it is tried again all the time`;
        condition.dutyFails(step.name, { because, fix });
        return null;
      }
    },
  };
}
