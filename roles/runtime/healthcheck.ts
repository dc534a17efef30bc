// The probes of the command line: they ask this container's own agent over HTTP and print one line of why.
import { readConfig } from "../../config/env.ts";
import { checkTimeout } from "../../config/shared.ts";
import type { Command, Context } from "./context.ts";
import { ExitCode } from "./errors.ts";
import { askOwnAgent } from "./own-agent.ts";

/** Longest time a probe takes: CHECK_PGCONNECT_TIMEOUT; a malformed one is the entrypoint's to refuse, not a probe's. */
function probeTimeoutMs(context: Context): number {
  const read = readConfig({ checkTimeoutSeconds: checkTimeout }, context);
  return 1000 * (read.ok ? read.config.checkTimeoutSeconds : checkTimeout.fallback);
}

/** A probe that asks one path of the local agent. Blind is never healthy. */
export function probe(path: string | ((timeoutMs: number) => string)): Command {
  return async (context) => {
    const timeoutMs = probeTimeoutMs(context);
    const { ok, said } = await askOwnAgent(typeof path === "string" ? path : path(timeoutMs), timeoutMs);
    context.print(ok ? said : `no: ${said}`);
    return ok ? ExitCode.ok : ExitCode.no;
  };
}

/** `healthcheck live`: the supervisor is sound. */
export const liveProbe = probe("/healthz");
/** `healthcheck ready`: the container can serve its role now. */
export const readyProbe = probe("/readyz");
/** `healthcheck is-major-master`: this node is no primary, or is the one that the others follow. */
export const isMajorMasterProbe = probe((timeoutMs) => `/local/is-major-master?within=${timeoutMs / 2}`);
/** `healthcheck has-write-node`: pgpool sends writes to the primary. */
export const writeNodeProbe = probe("/local/has-write-node");

/** `healthcheck has-enough-backends [N]`; N defaults to REQUIRE_MIN_BACKENDS. */
export const enoughBackendsProbe: Command = (context, args) => {
  const [least] = args;
  if (least !== undefined && !/^\d{1,3}$/.test(least)) {
    const why = `${JSON.stringify(least)} is no number of backends`;
    context.complain(`postdock: ${why}. Fix: write a whole number, as in has-enough-backends 2`);
    return Promise.resolve(ExitCode.usage);
  }
  return probe(`/local/has-enough-backends${least === undefined ? "" : `?least=${least}`}`)(context, []);
};

/** `metrics`: what a scrape of this container gets. */
export const metricsCommand: Command = async (context) => {
  const { ok, said } = await askOwnAgent("/metrics", probeTimeoutMs(context));
  if (ok) context.print(said);
  else context.complain(`postdock: ${said}. Fix: see the container's log`);
  return ok ? ExitCode.ok : ExitCode.no;
};
