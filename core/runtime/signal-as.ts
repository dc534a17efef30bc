// Signals processes of another account. Root without CAP_KILL, which a hardened container has, may not do that itself; the
// account may.
import { type Account, tryRun } from "./command.ts";
import { sendSignal } from "./signals.ts";

/** How long the helper gets to send the signals, milliseconds. */
const sendMs = 2_000;

/**
 * Sends a signal to processes, or to groups (negative pids): by itself, and as `account` if that is refused. False if one
 * of them was still refused.
 */
export async function signalAs(account: Account, pids: readonly number[], signal: NodeJS.Signals): Promise<boolean> {
  const refused = pids.filter((pid) => sendSignal(pid, signal) === "refused");
  if (refused.length === 0) return true;
  const name = signal.replace(/^SIG/, "");
  const argv = ["sh", "-c", 'for pid; do kill -s "$0" -- "$pid" || failed=1; done; exit ${failed:-0}', name];
  const sent = await tryRun([...argv, ...refused.map(String)], { as: account, timeoutMs: sendMs });
  return sent.code === 0 || refused.every((pid) => sendSignal(pid, signal) === "gone");
}
