// The probes of the command line: they ask this container's own agent over HTTP and print one line of why.
import { readConfig } from "../../config/env.ts";
import { checkTimeout } from "../../config/shared.ts";
import type { Command, Context } from "./context.ts";
import { errorText, ExitCode } from "./errors.ts";
import { getText, HttpError } from "./peers.ts";

/** Longest time a probe takes: CHECK_PGCONNECT_TIMEOUT; a malformed one is the entrypoint's to refuse, not a probe's. */
export function probeTimeoutMs(context: Context): number {
  const read = readConfig({ checkTimeoutSeconds: checkTimeout }, context);
  return 1000 * (read.ok ? read.config.checkTimeoutSeconds : checkTimeout.fallback);
}

/** A probe that asks one path of the local agent. Blind is never healthy. */
export function probe(path: string): Command {
  return async (context) => {
    try {
      context.print((await getText("localhost", path, probeTimeoutMs(context))).trim());
      return ExitCode.ok;
    } catch (error) {
      const said = error instanceof HttpError && error.status === 503 ? error.body : undefined;
      context.print(`no: ${said ?? `the agent of this container did not answer: ${errorText(error)}`}`);
      return ExitCode.no;
    }
  };
}

/** `healthcheck live`: the supervisor is sound. */
export const liveProbe = probe("/healthz");
/** `healthcheck ready`: the container can serve its role now. */
export const readyProbe = probe("/readyz");

/** `metrics`: what a scrape of this container gets. */
export const metricsCommand: Command = async (context) => {
  try {
    context.print((await getText("localhost", "/metrics", probeTimeoutMs(context))).trimEnd());
    return ExitCode.ok;
  } catch (error) {
    context.complain(
      `postdock: the service of this container does not answer: ${errorText(error)}. Fix: see the container's log`,
    );
    return ExitCode.no;
  }
};
