// What a command gets from outside. main.ts makes it for the real process; tests make their own.
import type { OpenPage } from "../http/page.ts";
import type { Clock } from "./time.ts";

export interface Context {
  environment: Readonly<Record<string, string | undefined>>;
  /** reads the file that a NAME_FILE variable names; throws if it cannot */
  readFile(path: string): string;
  clock: Clock;
  /** one line to stdout */
  print(line: string): void;
  /** the size of the terminal that stdout is; null: it is none */
  terminal(): { rows: number; columns: number } | null;
  /** one line to stderr */
  complain(line: string): void;
  /** calls back for each line of standard input, and once at its end */
  onInput(onLine: (line: string) => void, onEnd: () => void): void;
  /** calls back for each SIGTERM, SIGINT and SIGQUIT from now on */
  onSignal(handler: (signal: "SIGTERM" | "SIGINT" | "SIGQUIT") => void): void;
  /** makes the page at / of a container; only entrypoints get it */
  openPage?: OpenPage;
}

/** The options that commands have, parsed; each command declares in the tree which of them it takes. */
export interface Options {
  json?: boolean;
  yes?: boolean;
  to?: string;
  force?: string;
  for?: string;
  timeout?: string;
  full?: boolean;
  release?: boolean;
  backup?: string;
  incremental?: boolean;
  timeline?: string;
  into?: string;
  start?: boolean;
  ssh?: boolean;
  dryRun?: boolean;
  toNode?: string;
  pause?: boolean;
  replace?: boolean;
}

/** What was typed after a command's name. */
export interface Given {
  args: readonly string[];
  options: Options;
}

/** A command: does its work and returns the exit code. */
export type Command = (context: Context, given: Given) => Promise<number>;
