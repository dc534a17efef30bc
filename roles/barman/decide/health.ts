// PURE: what the probes of the barman role answer. What could not be seen is never ready. Without a primary the role is alive,
// but not ready.
import { no, type Verdict, yes } from "../../../core/words/verdict.ts";
import type { CheckFailure } from "../text/barman-output.ts";
import type { DoingView, HealthView, ReasonView, ReceivingView } from "./view.ts";

/** A round of the loop that looks for the primary takes a few seconds; after this long it hangs, milliseconds. */
const silentMs = 60_000;
/** A check older than this is not used, milliseconds. */
const staleCheckMs = 300_000;

/** Whether WAL comes from the node that is followed: just after a change of the primary it still comes from the old one. */
export function receives(state: ReceivingView): boolean {
  return state.receiver.streaming && state.receiver.host === state.primary;
}

/** Alive: the role's loops run. A restart does not help with a missing primary, a failed backup or a failed check. */
export function decideLive(state: DoingView & Pick<HealthView, "lastBeatMs">, nowMs: number): Verdict {
  const silent = nowMs - state.lastBeatMs;
  if (silent > silentMs) return no(`the role has hung for ${Math.round(silent / 1000)} s`);
  return yes(`the role runs: ${doing(state)}`);
}

/** Ready: WAL is being received and the last `barman check` passed. */
export function decideReady(state: HealthView, nowMs: number): Verdict {
  const live = decideLive(state, nowMs);
  if (!live.ok) return live;
  if (state.phase === "stopping") return no("the container is stopping");
  if (!receives(state)) return no(`WAL is not received: ${state.receiver.trouble ?? state.following}`);
  const { check } = state;
  if (check === null) return no("barman check has not run yet");
  if (check.failures === null) return no(`barman check could not run: ${check.error}`);
  if (nowMs - check.atMs > staleCheckMs) return no("the last barman check is too old to rely on");
  if (check.failures.length > 0) return no(`barman check fails: ${checkText(state).join("; ")}`);
  return yes(`WAL is received from ${state.primary}, and barman check passes`);
}

/** A failed item of `barman check`, with its hint if it has one. */
export function failureText({ check, hint }: CheckFailure): string {
  return hint ? `${check} (${hint})` : check;
}

/** The failed items of the last check, each a sentence. */
export function checkText(state: Pick<HealthView, "check">): string[] {
  const { check } = state;
  if (check === null) return [];
  if (check.failures === null) return [`barman check could not run: ${check.error}`];
  return check.failures.map(failureText);
}

/** What the role does now, in words. */
export function doing(state: DoingView): string {
  if (state.phase === "stopping") return "stopping";
  if (state.backup.runningSinceMs !== null) {
    return `taking a base backup of ${state.backup.source?.host ?? state.primary}`;
  }
  if (receives(state)) return `receiving WAL from ${state.primary}`;
  return state.primary === null ? "looking for the primary" : `trying to receive WAL from ${state.primary}`;
}

/** Why, in words. */
export function because(state: ReasonView): string {
  if (receives(state)) return state.following;
  const { trouble, fix } = state.receiver;
  // without a primary in sight, that is the reason, and the receiver's trouble only follows from it
  if (state.sight !== "seen" || trouble === null) return state.following;
  return fix === null ? trouble : `${trouble}. Fix: ${fix}`;
}
