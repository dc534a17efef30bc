// The checks that need no container, as data, and the runner that runs two of them at a time.
import { dirname } from "node:path";
import process from "node:process";
import { inLanes } from "./lanes.ts";
import { attempt, root, say } from "./terminal.ts";

export interface Check {
  name: string;
  argv: readonly string[];
  timeoutMs?: number;
}

// by name: with the full path of the running Deno, its node:child_process would add -A, and no test would be pure
const deno = "deno";
const path = `${dirname(process.execPath)}:${process.env.PATH ?? ""}`;
const sources = ["main.ts", "cli", "config", "core", "roles", "tools", "tests"];

/** Format, lint, types, pure tests without permissions on Deno and on Bun, architecture rules, current docs. */
export const quickChecks: readonly Check[] = [
  { name: "format", argv: [deno, "fmt", "--check"] },
  { name: "lint", argv: [deno, "lint"] },
  { name: "types", argv: [deno, "check", ...sources] },
  {
    name: "pure tests on Deno, without permissions",
    argv: [
      deno,
      "test",
      "--no-check",
      "--no-prompt",
      "--ignore=**/*.io.test.ts",
      "cli",
      "config",
      "core",
      "roles",
      "tools",
      "tests/simulation",
      "tests/contract",
      "tests/soak",
      "tests/chaos",
      "tests/support",
    ],
  },
  {
    name: "pure tests on Bun",
    argv: [
      "./node_modules/.bin/bun",
      "test",
      "--timeout=60000", // each test; Deno has no limit of its own
      "./cli",
      "./config",
      "./core",
      "./roles",
      "./tools",
      "./tests/simulation",
      "./tests/contract",
      "./tests/soak",
      "./tests/chaos",
      "./tests/support",
    ],
  },
  { name: "architecture", argv: [deno, "test", "-A", "--no-check", "tests/architecture"] },
  { name: "docs are current", argv: [deno, "run", "-A", "tools/docs.ts", "--check"] },
];

export interface Totals {
  passed: number;
  failed: number;
}

/** Runs checks two at a time, prints the output of those that fail, and counts tests. A check without tests counts as one. */
export async function runChecks(checks: readonly Check[]): Promise<Totals> {
  const totals: Totals = { passed: 0, failed: 0 };
  await inLanes(checks, 2, async (check) => {
    const result = await attempt(check.argv, {
      timeoutMs: check.timeoutMs ?? 300_000,
      cwd: root,
      env: { NO_COLOR: "1", PATH: path },
    });
    const text = result.stdout + result.stderr;
    const passed = Number(/(\d+) pass/.exec(text)?.[1] ?? (result.code === 0 ? 1 : 0));
    totals.passed += result.code === 0 ? passed : 0;
    totals.failed += result.code === 0 ? 0 : Number(/(\d+) fail/.exec(text)?.[1] || 1) || 1;
    say(`${result.code === 0 ? "ok    " : "FAILED"} ${check.name}`);
    if (result.code !== 0) say(text.trim().split("\n").slice(-60).join("\n"));
  });
  return totals;
}
