// The command line: from the tree of commands to a parser, and from what a command throws to words and an exit code.
import { Command as Parser, CommanderError } from "commander";
import { commandGroups } from "./command-tree.ts";
import type { Leaf } from "./command-types.ts";
import { legacyArguments } from "./legacy-commands.ts";
import type { Command, Context } from "./runtime/context.ts";
import { errorText, ExitCode, OperatorError } from "./runtime/errors.ts";
import { POSTDOCK_VERSION } from "./runtime/version.ts";

/** Runs one command line and returns its exit code; nothing is thrown, every failure has been explained. */
export async function runCommandLine(context: Context, argv0: string, args: readonly string[]): Promise<number> {
  let code: number = ExitCode.ok;
  const byOldName = legacyArguments(argv0);
  const run = async (command: Command, commandArgs: readonly string[]) => {
    code = await command(context, commandArgs);
  };
  try {
    await buildParser(context, run, byOldName.length > 0).parseAsync([...byOldName, ...args], { from: "user" });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? ExitCode.ok : ExitCode.usage;
    return explain(context, error);
  }
}

/** `lenient`: arguments too many are ignored, as the scripts of 1.x did. */
function buildParser(
  context: Pick<Context, "print" | "complain">,
  run: (command: Command, args: readonly string[]) => Promise<void>,
  lenient: boolean,
): Parser {
  const root = new Parser("postdock").version(POSTDOCK_VERSION)
    .description("PostgreSQL cluster in containers: entrypoints, probes, configuration and recovery")
    .exitOverride()
    .configureOutput({ writeOut: (s) => context.print(s.trimEnd()), writeErr: (s) => context.complain(s.trimEnd()) });
  for (const group of commandGroups) {
    const parent = group.name === "" ? root : root.command(group.name).description(group.does);
    for (const leaf of group.commands) addLeaf(parent, leaf, run, lenient);
  }
  return root;
}

function addLeaf(
  parent: Parser,
  leaf: Leaf,
  run: (command: Command, args: readonly string[]) => Promise<void>,
  lenient: boolean,
): void {
  const parser = parent.command(leaf.usage).description(leaf.does)
    .allowExcessArguments(lenient || leaf.anyArguments === true)
    .allowUnknownOption(leaf.anyArguments === true)
    .addHelpText("after", `\nExit codes: ${leaf.exits}`);
  for (const option of leaf.options ?? []) parser.option(option.flag, option.does);
  const flags = () =>
    Object.entries(parser.opts()).flatMap(([name, value]) =>
      value === true ? [`--${name}`] : typeof value === "string" ? [`--${name}=${value}`] : []
    );
  parser.action(() => run(leaf.run, [...parser.args, ...flags()]));
}

function explain(context: Context, error: unknown): number {
  if (error instanceof OperatorError) {
    context.complain(`postdock: ${error.message}`);
    return error.exitCode;
  }
  context.complain(`postdock: a bug: ${error instanceof Error ? error.stack : errorText(error)}`);
  return ExitCode.bug;
}
