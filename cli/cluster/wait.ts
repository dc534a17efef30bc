// `postdock cluster wait`: returns once the cluster is as a script needs it, or says at the deadline why it is not.
import type { Command, Context } from "../../core/runtime/context.ts";
import { printer } from "../../core/runtime/printer.ts";
import { secondsText } from "../../core/words/amounts.ts";
import { ExitCode, OperatorError } from "../../core/words/errors.ts";
import { type Cluster, gatherSigned, openSession } from "./gather.ts";
import { type Goal, goalText, parseGoal, parseTimeout, unmet } from "./goal.ts";

/** Between two looks, milliseconds. */
const everyMs = 500;

/** `cluster wait --for GOAL [--timeout DURATION] [--json]`. */
export const waitCommand: Command = async (context, { options }) => {
  const goal = parseGoal(options.for);
  const timeoutMs = parseTimeout(options.timeout);
  const session = openSession(context);
  const { because, waitedMs } = await waitFor(goal, timeoutMs, () => gatherSigned(session), context.clock);
  const out = printer(context, options);
  out.result({ reached: because === null, because, waitedMs });
  if (because !== null) throw tooLate(goal, because, timeoutMs);
  out.say(`waited ${secondsText(waitedMs)} for ${goalText(goal)}`);
  return ExitCode.ok;
};

/** Looks until the goal is reached or the time is over; `because`: why it is not reached, null if it is. */
export async function waitFor(
  goal: Goal,
  timeoutMs: number,
  look: () => Promise<Cluster>,
  clock: Context["clock"],
): Promise<{ because: string | null; waitedMs: number }> {
  const started = clock.nowMs();
  while (true) {
    const because = unmet(goal, await look());
    const waitedMs = Math.round(clock.nowMs() - started);
    if (because === null || waitedMs >= timeoutMs) return { because, waitedMs };
    await clock.sleep(Math.min(everyMs, timeoutMs - waitedMs));
  }
}

function tooLate(goal: Goal, why: string, timeoutMs: number): OperatorError {
  return new OperatorError({
    what: `Gave up waiting for ${goalText(goal)} after ${secondsText(timeoutMs)}`,
    why,
    fix: "see `postdock cluster doctor`, or wait longer with --timeout",
    exitCode: ExitCode.late,
  });
}
