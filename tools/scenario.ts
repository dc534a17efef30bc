// Runs scenarios in real containers: all of them in order, or those whose file name holds NAME.
// `deno task test:scenario NAME`.
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { OperatorError } from "../core/words/errors.ts";
import { prefix } from "../tests/support/cluster.ts";
import { ensureCompose } from "./engine.ts";
import { ensureImages } from "./images.ts";
import { attempt, execute, root, say, task } from "./terminal.ts";

/** Scenarios that make the shared cluster come first; the rest in the order of their names. */
const first = ["the-cluster-starts-in-reverse-order"];

export interface Totals {
  passed: number;
  failed: number;
}

/** Runs the scenarios that match; their clusters are removed afterwards unless they are to be kept. */
export async function runScenarios(filter: string, keep: boolean): Promise<Totals> {
  const files = (await readdir(join(root, "tests", "scenarios"))).filter((f) =>
    f.endsWith(".test.ts") && f.includes(filter)
  );
  if (files.length === 0) {
    throw new OperatorError({
      what: `No scenario is called ${filter}`,
      fix: "see `ls tests/scenarios` for their names",
    });
  }
  if (!process.env.POSTDOCK_TEST_EXECUTABLE) await ensureImages();
  await ensureCompose("v2");
  await ensureCompose("v1");
  const rank = (file: string) => first.some((name) => file.startsWith(name)) ? 0 : 1;
  const ordered = files.toSorted((a, b) => rank(a) - rank(b) || a.localeCompare(b));
  try {
    return await runFiles(ordered.map((f) => join("tests", "scenarios", f)), keep);
  } finally {
    if (!keep) await removeClusters();
  }
}

async function runFiles(files: readonly string[], keep: boolean): Promise<Totals> {
  const totals: Totals = { passed: 0, failed: 0 };
  for (const file of files) {
    say(`\n${file}`);
    const argv = [process.execPath, "test", "-A", "--no-check", file];
    const env = { NO_COLOR: "1", POSTDOCK_TEST_KEEP: keep ? "1" : "" };
    const result = await attempt(argv, { timeoutMs: 600_000, cwd: root, show: true, env });
    const counts = /(\d+) passed(?: \([^)]*\))? \| (\d+) failed/.exec(result.stdout + result.stderr);
    const passed = Number(counts?.[1] ?? 0);
    const ok = result.code === 0 && passed > 0; // a file in which no test ran has shown nothing
    totals.passed += passed;
    totals.failed += ok ? 0 : Math.max(1, Number(counts?.[2] ?? 1));
    if (!ok) await showLogs();
  }
  return totals;
}

/** After a failure: the last lines of every container of the scenarios, without the output of their children. */
async function showLogs(): Promise<void> {
  const list = await execute(["docker", "ps", "--all", "--filter", `name=${prefix}`, "--format", "{{.Names}}"], {
    timeoutMs: 30_000,
  });
  for (const name of list.trim().split("\n").filter((n) => n !== "")) {
    const logs = await attempt(["docker", "logs", "--tail", "200", name], { timeoutMs: 30_000 });
    const lines = (logs.stdout + logs.stderr).split("\n").filter((l) => !l.includes('"event":"Output"')).slice(-15);
    say(`--- ${name}\n${lines.join("\n")}`);
  }
}

async function removeClusters(): Promise<void> {
  const list = await execute(["docker", "ps", "--all", "--quiet", "--filter", `name=${prefix}`], { timeoutMs: 30_000 });
  const ids = list.trim().split("\n").filter((id) => id !== "");
  if (ids.length > 0) await execute(["docker", "rm", "--force", "--volumes", ...ids], { timeoutMs: 120_000 });
  for (const kind of ["volume", "network"]) {
    const names = await execute(["docker", kind, "ls", "--quiet", "--filter", `name=${prefix}`], { timeoutMs: 30_000 });
    for (const name of names.trim().split("\n").filter((n) => n !== "")) {
      await attempt(["docker", kind, "rm", name], { timeoutMs: 30_000 });
    }
  }
}

if (import.meta.main) {
  await task(async () => {
    const args = process.argv.slice(2);
    const totals = await runScenarios(args.find((a) => !a.startsWith("--")) ?? "", args.includes("--keep"));
    say(`\n${totals.passed} passed, ${totals.failed} failed`);
    return totals.failed > 0 ? 1 : 0;
  });
}
