// Runs one file of tests by itself, for the tasks that run scenarios one after the other.
import process from "node:process";
import type { Totals } from "./checks.ts";
import { attempt, root } from "./terminal.ts";

export interface TestFileResult extends Totals {
  output: string;
}

/** Runs a file of tests. One in which no test ran has failed: it has shown nothing. */
export async function runTestFile(
  file: string,
  { timeoutMs, show, env = {} }: { timeoutMs: number; show: boolean; env?: Record<string, string> },
): Promise<TestFileResult> {
  const argv = [process.execPath, "test", "-A", "--no-check", file];
  const result = await attempt(argv, { timeoutMs, cwd: root, show, env: { NO_COLOR: "1", ...env } });
  const output = result.stdout + result.stderr;
  const counts = /(\d+) passed(?: \([^)]*\))? \| (\d+) failed/.exec(output);
  const passed = Number(counts?.[1] ?? 0);
  const ok = result.code === 0 && passed > 0;
  return { passed, failed: ok ? 0 : Math.max(1, Number(counts?.[2] ?? 1)), output };
}
