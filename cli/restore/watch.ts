// Watches a node that is being restored, and says how far it is.
import type { Printer } from "../../core/runtime/printer.ts";
import type { RestoreProgress } from "../../core/protocol/restore.ts";
import { sizeText } from "../../core/words/amounts.ts";
import type { Session } from "../cluster/gather.ts";
import { lookAt, type Way } from "./hints.ts";

const lookMs = 500;
/** How often the same line is said again: of what goes on, and of what does not. */
const sayEveryMs = 5_000;
const sayStuckMs = 30_000;
/** From when on a node that does not answer may be lost for good. */
const goneMs = 20_000;

/** How it ended: the node leads; the old data are back; it waits for the operator; or the operator has left this command. */
export type RestoreEnd = "leads" | "undone" | "holding" | "left";

/** Returns once the restore is over or waits for the operator. A node that does not answer for a while is waited for. */
export async function watchNode(
  { id, node, hold }: { id: string; node: string; hold: boolean },
  session: Session,
  way: Way,
  out: Printer,
): Promise<RestoreEnd> {
  const { context: { clock, onSignal }, client } = session;
  let left = false;
  onSignal(() => left = true);
  let said = "";
  let saidMs = -Infinity;
  let goneSinceMs: number | null = null;
  let hinted = false;
  while (!left) {
    const seen = await client.askNode(node, { timeoutMs: 2_000 });
    const restore = seen.seen === "reached" ? seen.status.restore : null;
    const last = seen.seen === "reached" ? seen.status.lastRestore : null;
    if (restore === null && last?.id === id) return last.undone ? "undone" : "leads";
    const line = seen.seen !== "reached" ? `${node} does not answer: ${seen.error}` : restore ? lineOf(restore) : "";
    const silent = seen.seen !== "reached";
    // what counts as new: said at once. A node that does not answer says so in different words
    const key = silent ? "silent" : restore ? `${restore.step} ${restore.trouble}` : line;
    const againMs = silent || restore?.trouble ? sayStuckMs : sayEveryMs;
    if (line !== "" && (key !== said || clock.nowMs() - saidMs >= againMs)) {
      said = key;
      saidMs = clock.nowMs();
      out.say(`  ${line}`);
    }
    goneSinceMs = silent ? goneSinceMs ?? clock.nowMs() : null;
    if (goneSinceMs !== null && clock.nowMs() - goneSinceMs >= goneMs && !hinted) {
      hinted = true;
      out.say(
        `  start ${node} again: the restore goes on where it was. If ${node} is lost for good, end this with Ctrl-C and`,
      );
      out.say("  type postdock cluster resume: another node leads, with the data from before the restore");
    }
    if (restore?.step === "holding" && hold) {
      out.say(`${node} is read-only at the target. Look at it: ${lookAt(node, way)}`);
      out.say("Then: postdock barman restore finish, or postdock barman restore abort");
      return "holding";
    }
    await clock.sleep(lookMs);
  }
  out.say(`The restore goes on without this command. To watch it again: postdock barman restore resume`);
  out.say("To put the old data back instead: postdock barman restore abort");
  return "left";
}

function lineOf({ step, doneBytes, totalBytes, replayLsn, trouble }: RestoreProgress): string {
  const said = step === "copying" && totalBytes !== null
    ? `copying: ${sizeText(doneBytes)} of ${sizeText(totalBytes)}`
    : step === "recovering" && replayLsn !== null
    ? `recovering: replayed up to ${replayLsn}`
    : step;
  return trouble === null ? said : `${said}; trouble: ${trouble}`;
}
