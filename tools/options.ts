// The options of the developer's tasks. An unknown option is refused: a task that ignored one would do something else.
import process from "node:process";
import { parseArgs } from "node:util";
import { errorText, ExitCode, OperatorError } from "../core/words/errors.ts";

/** "count": a whole number; a list: one of these words. */
type Kind = "flag" | "count" | "text" | readonly string[];

type Value<K extends Kind> = K extends "flag" ? boolean : (K extends "count" ? number : string) | undefined;

/** The options given, by name, and what stands beside them. */
export type Options<T extends Record<string, Kind>> = { [N in keyof T]: Value<T[N]> } & { rest: string[] };

/** Reads the options of a task; `most`: how many words may stand beside them. Throws OperatorError for anything else. */
export function optionsOf<const T extends Record<string, Kind>>(
  accepted: T,
  { most = 0, args = process.argv.slice(2) }: { most?: number; args?: string[] } = {},
): Options<T> {
  const fix = `give only ${Object.entries(accepted).map(shown).join(", ") || "the name of the task"}`;
  const fail = (what: string) => new OperatorError({ what, fix, exitCode: ExitCode.usage });
  const options = Object.fromEntries(
    Object.entries(accepted).map(([name, kind]) => [name, { type: kind === "flag" ? "boolean" : "string" } as const]),
  );
  const { values, positionals: rest } = (() => {
    try {
      return parseArgs({ args, options, strict: true, allowPositionals: true });
    } catch (error) {
      throw fail(errorText(error));
    }
  })();
  if (rest.length > most) throw fail(`${rest[most]} is not an option of this task`);
  const read = ([name, kind]: [string, Kind]) => {
    const value = values[name];
    if (kind === "flag") return [name, value === true];
    if (value === undefined) return [name, undefined];
    if (Array.isArray(kind) && !kind.includes(value)) throw fail(`--${name} is ${value || "empty"}`);
    if (kind === "count" && !/^\d+$/.test(String(value))) throw fail(`--${name} is ${value || "empty"}`);
    return [name, kind === "count" ? Number(value) : value];
  };
  return { ...Object.fromEntries(Object.entries(accepted).map(read)), rest } as Options<T>;
}

function shown([name, kind]: [string, Kind]): string {
  if (kind === "flag") return `--${name}`;
  return `--${name} ${kind === "count" ? "N" : kind === "text" ? "TEXT" : kind.join("|")}`;
}
