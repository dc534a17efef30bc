// Builds a parser from the tree of commands. Loaded only if a command line needs one: it takes a third of a probe's time.
import { Command as Parser, CommanderError } from "commander";
import { commandGroups } from "./command-tree.ts";
import type { Leaf } from "./command-types.ts";
import type { Command, Context, Given, Options } from "../core/runtime/context.ts";
import { ExitCode } from "../core/words/errors.ts";
import { POSTDOCK_VERSION } from "../core/words/version.ts";

type Output = Pick<Context, "print" | "complain">;
type Run = (command: Command, given: Given) => Promise<number>;

/**
 * Finds the command that these words name, runs it and returns its exit code. Prints help and usage errors.
 * `lenient`: extra arguments are ignored, as the scripts of 1.x did.
 */
export async function runParsed(words: readonly string[], output: Output, run: Run, lenient: boolean): Promise<number> {
  let code: number = ExitCode.ok;
  const keep = async (command: Command, given: Given) => {
    code = await run(command, given);
  };
  try {
    await buildParser(output, keep, lenient).parseAsync([...words], { from: "user" });
    return code;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return error.exitCode === 0 ? ExitCode.ok : ExitCode.usage;
  }
}

function buildParser(
  output: Output,
  run: (command: Command, given: Given) => Promise<void>,
  lenient: boolean,
): Parser {
  const root = new Parser("postdock").version(POSTDOCK_VERSION)
    .description("PostgreSQL cluster in containers: entrypoints, probes, configuration and recovery")
    .exitOverride()
    .configureOutput({ writeOut: (s) => output.print(s.trimEnd()), writeErr: (s) => output.complain(s.trimEnd()) });
  for (const group of commandGroups) {
    const parent = group.name === "" ? root : root.command(group.name).description(group.does);
    for (const leaf of group.commands) addLeaf(parent, leaf, run, lenient);
  }
  return root;
}

function addLeaf(
  parent: Parser,
  leaf: Leaf,
  run: (command: Command, given: Given) => Promise<void>,
  lenient: boolean,
): void {
  const parser = parent.command(leaf.usage).description(leaf.does)
    .allowExcessArguments(lenient || leaf.anyArguments === true)
    .allowUnknownOption(leaf.anyArguments === true)
    .addHelpText("after", `\nExit codes: ${leaf.exits}`);
  for (const option of leaf.options ?? []) parser.option(option.flag, option.does);
  parser.action(() => run(leaf.run, { args: parser.args, options: parser.opts<Options>() }));
}
