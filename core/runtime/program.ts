// Looks whether a program that a variable names is there, before it is needed.
import { join } from "node:path";
import { ExitCode, OperatorError } from "../words/errors.ts";
import { childEnv } from "./command.ts";
import { modeOf } from "./files.ts";

/** Throws an OperatorError if the first word is not an executable file, found as a shell would find it. null: none is wanted. */
export async function requireProgram(variable: string, argv: readonly string[] | null): Promise<void> {
  const program = argv?.[0];
  if (program === undefined) return;
  const directories = program.includes("/") ? [""] : childEnv(undefined).PATH.split(":");
  for (const directory of directories) {
    const found = await modeOf(directory === "" ? program : join(directory, program));
    if (found && !found.isDirectory && (found.mode & 0o111) !== 0) return;
  }
  throw new OperatorError({
    what: `${variable} names ${program}, which is not a program of this container`,
    fix: "mount it there, with the right to be executed, or correct the variable",
    exitCode: ExitCode.config,
  });
}
