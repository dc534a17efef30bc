// The probes of the command line: they ask this container's own agent over HTTP and print one line of why.
import type { Command } from "./context.ts";
import { errorText, ExitCode } from "./errors.ts";
import { getText, HttpError } from "./peers.ts";

/** A probe that asks one path of the local agent; `timeoutMs` in all. Blind is never healthy. */
export function probe(path: string, timeoutMs = 4_000): Command {
  return async (context) => {
    try {
      context.print((await getText("localhost", path, timeoutMs)).trim());
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
    context.print((await getText("localhost", "/metrics", 4_000)).trimEnd());
    return ExitCode.ok;
  } catch (error) {
    context.complain(
      `postdock: the service of this container does not answer: ${errorText(error)}. Fix: see the container's log`,
    );
    return ExitCode.no;
  }
};
