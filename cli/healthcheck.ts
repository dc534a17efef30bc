// The probes of the command line: they ask this container's own agent over HTTP and print one line of why.
import type { Command, Context } from "../core/runtime/context.ts";
import { ExitCode } from "../core/words/errors.ts";
import { httpPortOf } from "../core/protocol/port.ts";
import { askOwnAgent, type OwnAnswer } from "../core/client/own-agent.ts";

/** After this wait CHECK_PGCONNECT_TIMEOUT is read. Shorter than the least value of that variable, milliseconds. */
const quickMs = 900;

/**
 * Asks the local agent, and waits at most CHECK_PGCONNECT_TIMEOUT. The variable is read only if the agent is slow: loading its
 * schema takes a quarter of a quick probe's time. The entrypoint refuses a malformed value, not a probe.
 */
async function ask(context: Context, path: string, headers?: Record<string, string>): Promise<OwnAnswer> {
  const late = new AbortController();
  const answered = new AbortController();
  const asking = askOwnAgent(httpPortOf(context), path, late.signal, headers).finally(() => answered.abort());
  await context.clock.sleep(quickMs, answered.signal);
  if (!answered.signal.aborted) {
    const [{ readConfig }, { checkTimeout }] = await Promise.all([
      import("../config/env.ts"),
      import("../config/shared.ts"),
    ]);
    const read = readConfig({ checkTimeoutSeconds: checkTimeout }, context);
    const seconds = read.ok ? read.config.checkTimeoutSeconds : checkTimeout.fallback;
    await context.clock.sleep(1000 * seconds - quickMs, answered.signal);
    late.abort(new Error(`not within ${seconds} s (CHECK_PGCONNECT_TIMEOUT)`));
  }
  return await asking;
}

/** A probe that asks one path of the local agent. Without an answer the container is never healthy. */
export function probe(path: string): Command {
  return (context) => probeNow(context, path);
}

async function probeNow(context: Context, path: string): Promise<number> {
  const { ok, said } = await ask(context, path);
  context.print(ok ? said : `no: ${said}`);
  return ok ? ExitCode.ok : ExitCode.no;
}

/** `healthcheck live`: the container works and needs no restart. */
export const liveProbe = probe("/healthz");
/** `healthcheck ready`: the container can serve its role now. */
export const readyProbe = probe("/readyz");
/** `healthcheck is-major-master`: this node is not a primary, or is the primary that the others follow. */
export const isMajorMasterProbe = probe("/local/is-major-master");
/** `healthcheck has-write-node`: pgpool sends writes to the primary. */
export const writeNodeProbe = probe("/local/has-write-node");

/** `healthcheck has-enough-backends [N]`; N defaults to REQUIRE_MIN_BACKENDS. */
export const enoughBackendsProbe: Command = (context, { args: [least] }) => {
  if (least !== undefined && !/^\d{1,3}$/.test(least)) {
    const why = `${JSON.stringify(least)} is not a number of backends`;
    context.complain(`postdock: ${why}. Fix: write a whole number, as in has-enough-backends 2`);
    return Promise.resolve(ExitCode.usage);
  }
  return probeNow(context, `/local/has-enough-backends${least === undefined ? "" : `?least=${least}`}`);
};

/** `metrics`: prints what a scrape of this container gets; it knows METRICS_PASSWORD from its environment. */
export const metricsCommand: Command = async (context) => {
  const [{ readConfig }, { metricsAccess }] = await Promise.all([
    import("../config/env.ts"),
    import("../config/metrics.ts"),
  ]);
  const read = readConfig(metricsAccess, context);
  const password = read.ok ? read.config.metricsPassword : "";
  const { ok, said } = await ask(context, "/metrics", { authorization: `Bearer ${password}` });
  if (ok) context.print(said);
  else context.complain(`postdock: ${said}. Fix: see the container's log`);
  return ok ? ExitCode.ok : ExitCode.no;
};
