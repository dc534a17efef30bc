// How the developer's tasks print and fail: plain sentences on the terminal, and errors for an operator without a stack.
import process from "node:process";
import { commandErrorText, type CommandResult, tryRun } from "../core/runtime/command.ts";
import { OperatorError } from "../core/words/errors.ts";

/** One line of progress. */
export function say(text: string): void {
  console.log(text);
}

export interface ToolOptions {
  timeoutMs: number;
  cwd?: string;
  env?: Record<string, string>;
  /** print the output as it arrives */
  show?: boolean;
  input?: string;
}

/** Runs a program with this terminal's environment, and accepts any exit code. */
export function attempt(argv: readonly string[], options: ToolOptions): Promise<CommandResult> {
  const inherited = Object.fromEntries(Object.entries(process.env).filter(([, v]) => v !== undefined)) as Record<
    string,
    string
  >;
  return tryRun(argv, {
    timeoutMs: options.timeoutMs,
    env: { ...inherited, ...options.env },
    ...(options.cwd ? { cwd: options.cwd } : {}),
    ...(options.input === undefined ? {} : { input: options.input }),
    ...(options.show ? { onLine: (line: string) => say(line) } : {}),
  });
}

/** Runs a program and returns its stdout. Throws an OperatorError with its output if it fails. */
export async function execute(argv: readonly string[], options: ToolOptions): Promise<string> {
  const result = await attempt(argv, options);
  if (result.code === 0) return result.stdout;
  throw new OperatorError({
    what: commandErrorText(result),
    ...(options.show ? {} : { why: (result.stderr + result.stdout).trim().split("\n").slice(-15).join("\n") }),
    fix: `run it by hand to see more: ${argv.join(" ")}`,
  });
}

/** Runs a task and exits with its code, or prints the error in words and exits with the error's code. */
export async function task(work: () => Promise<number | void>): Promise<never> {
  try {
    process.exit(await work() ?? 0);
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error;
    console.error(`${error.what}${error.why ? `\n${error.why}` : ""}\nFix: ${error.fix}`);
    process.exit(error.exitCode);
  }
}

/** The top of the checkout. */
export const root = new URL("..", import.meta.url).pathname.replace(/\/$/, "");
