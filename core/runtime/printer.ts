// What a command prints: sentences for people, or one JSON object for programs.
import type { Context, Options } from "./context.ts";

/** People read sentences, programs (`--json`) one JSON object. */
export interface Printer {
  /** one line for people */
  say(line: string): void;
  /** the result for programs */
  result(json: object): void;
}

/** Prints for people, or for programs where `--json` was given. */
export function printer(context: Pick<Context, "print">, { json }: Options): Printer {
  return json
    ? { say: () => {}, result: (result) => context.print(JSON.stringify({ schema: 1, ...result })) }
    : { say: (line) => context.print(line), result: () => {} };
}
