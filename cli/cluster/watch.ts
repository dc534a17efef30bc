// `postdock cluster watch`: the cluster as `cluster show` prints it, again and again.
import type { Command, Context } from "../../core/runtime/context.ts";
import { printer } from "../../core/runtime/printer.ts";
import { untilAborted } from "../../core/runtime/time.ts";
import { ExitCode } from "../../core/words/errors.ts";
import { type Cluster, gather, openSession } from "./gather.ts";
import { parseTimeout } from "./goal.ts";
import { clusterResult, renderCluster } from "./render.ts";
import { changeKey, renderScreen } from "./watch-text.ts";

/** Between two looks, milliseconds. */
const everyMs = 1_000;

/** `cluster watch [--timeout DURATION] [--json]`: ends with 0 at a signal, or when the time is over. */
export const watchCommand: Command = async (context, { options }) => {
  const timeoutMs = parseTimeout(options.timeout ?? "24h");
  const session = openSession(context);
  const stop = new AbortController();
  context.onSignal(() => stop.abort());
  const out = printer(context, options);
  const live = options.json !== true;
  await watch(
    { look: () => gather(session), timeoutMs, clock: context.clock, stop: stop.signal },
    (cluster, changed) => {
      const time = new Date(context.clock.wallMs()).toISOString();
      const terminal = live ? context.terminal() : null;
      if (terminal !== null) return context.print(renderScreen([time, "", ...renderCluster(cluster)], terminal));
      if (!changed) return;
      for (const line of [time, ...renderCluster(cluster), ""]) out.say(line);
      out.result({ time, ...clusterResult(cluster) });
    },
  );
  return ExitCode.ok;
};

export interface Watching {
  look: () => Promise<Cluster>;
  timeoutMs: number;
  clock: Context["clock"];
  stop: AbortSignal;
}

/** Shows each look, and whether it differs from the one before, until the time is over or `stop` aborts. */
export async function watch(
  { look, timeoutMs, clock, stop }: Watching,
  show: (cluster: Cluster, changed: boolean) => void,
): Promise<void> {
  const end = clock.nowMs() + timeoutMs;
  const stopped = untilAborted(stop).then(() => null);
  let before: string | null = null;
  while (!stop.aborted) {
    const cluster = await Promise.race([look(), stopped]);
    if (cluster === null) return;
    const key = changeKey(cluster);
    show(cluster, key !== before);
    before = key;
    if (clock.nowMs() >= end) return;
    await clock.sleep(Math.min(everyMs, end - clock.nowMs()), stop);
  }
}
