// What a command is, as data: the parser, the help and docs/commands.md are made from it.
import type { Command, Options } from "../core/runtime/context.ts";

/** "dryRun" as it is typed: "dry-run". */
type Typed<Name extends string> = Name extends `${infer First}${infer Rest}`
  ? `${First extends Lowercase<First> ? First : `-${Lowercase<First>}`}${Typed<Rest>}`
  : Name;

/** An option as people type it: `--json`, or `--to <node>` if it takes a value. */
export interface LeafOption {
  flag: `--${Typed<keyof Options>}` | `--${Typed<keyof Options>} <${string}>`;
  does: string;
}

export interface Leaf {
  /** its name and arguments, as in "has-enough-backends [N]" */
  usage: string;
  does: string;
  /** its exit codes, in words */
  exits: string;
  run: Command;
  options?: readonly LeafOption[];
  /** arguments that begin with a dash are accepted as they are: other programs call it with their own texts */
  anyArguments?: boolean;
}

export interface Group {
  /** the word before the command; empty for commands without a group */
  name: string;
  does: string;
  commands: readonly Leaf[];
}

/** A command whose code is loaded when it runs, so that a probe does not load three roles. */
export function lazy(load: () => Promise<Command>): Command {
  return async (context, given) => (await load())(context, given);
}
