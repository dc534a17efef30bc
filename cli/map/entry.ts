// Hands the page to the entrypoints: it shows what containers of all roles report, and roles do not know each other.
import type { Command } from "../../core/runtime/context.ts";
import { lazy } from "../command-types.ts";

/** An entrypoint whose container serves the page. The code of both is loaded when it runs. */
export function withPage(load: () => Promise<Command>): Command {
  return lazy(async () => {
    const [command, { pageFor }] = await Promise.all([load(), import("./looks.ts")]);
    return (context, given) => command({ ...context, openPage: pageFor(context) }, given);
  });
}
