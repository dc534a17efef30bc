// What the commands of the barman container share: the service beside them, and programs in the foreground.
import type { Peers } from "../../core/client/peers.ts";
import type { Context } from "../../core/runtime/context.ts";
import { errorText, OperatorError } from "../../core/words/errors.ts";
import { createLog, type Log } from "../../core/runtime/log.ts";
import { BarmanStatus } from "../../core/protocol/status.ts";
import { type ChildExit, type ChildSpec, supervise } from "../../core/runtime/supervisor.ts";

/** What the entrypoint of this container reports; null if none runs. */
export async function ownStatus(peers: Peers): Promise<BarmanStatus | null> {
  try {
    return BarmanStatus.parse(JSON.parse(await peers.getText("127.0.0.1", "/status?fresh=1", 5_000)));
  } catch (error) {
    if (/ECONNREFUSED|Unable to connect|ConnectionRefused/i.test(errorText(error))) return null;
    throw new OperatorError({
      what: "The service of this container does not answer",
      why: errorText(error),
      fix: "see the container's log; restart the container if it hangs",
    });
  }
}

export async function runInForeground(
  spec: ChildSpec,
  context: Context,
  onLine: (line: string) => void,
): Promise<ChildExit> {
  const child = supervise({ ...spec, onLine }, { clock: context.clock, log: quietLog(context) });
  context.onSignal(() => void child.stop());
  const exit = await child.exited();
  await context.clock.sleep(100); // its last lines may come after its exit
  return exit;
}

/** A log of errors only: the command prints its own lines. */
export function quietLog(context: Context): Log {
  const write = (text: string) => context.complain(text.trimEnd());
  return createLog({ level: "ERROR", write, wallMs: () => context.clock.wallMs() });
}
