// What a command prints: sentences for people, or one JSON object for programs.
import type { Context, Options } from "./context.ts";
import { printable } from "../words/layout.ts";

/** Prints sentences for people, or with `--json` one object for programs. */
export interface Printer {
  /** one line for people */
  say(line: string): void;
  /** the result for programs */
  result(json: object): void;
}

/** The printer for a command's options. */
export function printer(context: Pick<Context, "print">, { json }: Options): Printer {
  return json
    ? { say: () => {}, result: (result) => context.print(JSON.stringify({ schema: 1, ...result })) }
    : { say: (line) => context.print(printable(line)), result: () => {} };
}
