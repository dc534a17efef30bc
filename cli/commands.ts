// The command line: finds the command, runs it, and turns what it throws into a message and an exit code.
import { commandGroups } from "./command-tree.ts";
import type { Leaf } from "./command-types.ts";
import { legacyArguments } from "./legacy-commands.ts";
import { refusalOfSystem } from "../core/words/system-errors.ts";
import type { Context } from "../core/runtime/context.ts";
import { errorText, ExitCode } from "../core/words/errors.ts";

/** Runs one command line and returns its exit code. Never throws: every failure has been explained. */
export async function runCommandLine(context: Context, argv0: string, args: readonly string[]): Promise<number> {
  const byOldName = legacyArguments(argv0);
  const words = [...byOldName, ...args];
  try {
    const exact = leafOf(words);
    if (exact) return await exact.run(context, { args: [], options: {} });
    const { runParsed } = await import("./command-parser.ts");
    return await runParsed(words, context, (command, given) => command(context, given), byOldName.length > 0);
  } catch (error) {
    return explain(context, error);
  }
}

/** The command that exactly these words name, if it needs no arguments. */
function leafOf(words: readonly string[]): Leaf | undefined {
  for (const group of commandGroups) {
    const rest = group.name === "" ? words : words[0] === group.name ? words.slice(1) : [];
    const leaf = group.commands.find(({ usage }) => rest.length === 1 && usage.replace(/ \[[^<]*$/, "") === rest[0]);
    if (leaf) return leaf;
  }
}

function explain(context: Context, error: unknown): number {
  const told = refusalOfSystem(error);
  if (told !== null) {
    context.complain(`postdock: ${told.message}`);
    return told.exitCode;
  }
  context.complain(`postdock: a bug: ${error instanceof Error ? error.stack : errorText(error)}`);
  return ExitCode.bug;
}
