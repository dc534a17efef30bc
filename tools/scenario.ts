// `deno task test:scenario NAME`: runs scenarios in real containers: all of them in order, or those whose file name
// contains NAME.
import { readdir } from "node:fs/promises";
import { basename, join } from "node:path";
import process from "node:process";
import { errorText, OperatorError } from "../core/words/errors.ts";
import { prefix } from "../tests/support/cluster.ts";
import { ensureCompose } from "./engine.ts";
import { ensureImages } from "./images.ts";
import { optionsOf } from "./options.ts";
import { ensureSeaweed } from "./seaweedfs.ts";
import { attempt, execute, root, say, task } from "./terminal.ts";

/** Scenarios that create the shared cluster, which run first. The rest run in the order of their names. */
const first = ["the-cluster-starts-in-reverse-order"];
/** Scenarios that need an S3 server, which is built while the others run, the first time. */
const last = ["the-object-store"];

export interface Totals {
  passed: number;
  failed: number;
}

/** Runs the scenarios that match, then removes their clusters unless `keep` is set. */
export async function runScenarios(filter: string, keep: boolean): Promise<Totals> {
  const files = (await readdir(join(root, "tests", "scenarios"))).filter((f) =>
    f.endsWith(".test.ts") && f.includes(filter)
  );
  if (files.length === 0) {
    throw new OperatorError({
      what: `No scenario has ${filter} in its name`,
      fix: "run `ls tests/scenarios` to see their names",
    });
  }
  if (!process.env.POSTDOCK_TEST_EXECUTABLE) await ensureImages();
  await ensureCompose("v2");
  await ensureCompose("v1");
  const rank = (file: string) => first.some((name) => file.startsWith(name)) ? 0 : needsStore(file) ? 2 : 1;
  const ordered = files.toSorted((a, b) => rank(a) - rank(b) || a.localeCompare(b));
  try {
    return await runFiles(ordered.map((f) => join("tests", "scenarios", f)), keep);
  } finally {
    if (!keep) await removeClusters();
  }
}

async function runFiles(files: readonly string[], keep: boolean): Promise<Totals> {
  const totals: Totals = { passed: 0, failed: 0 };
  const built = files.some((file) => needsStore(basename(file))) ? ensureSeaweed() : null;
  built?.catch(() => {}); // it is reported where it is needed
  for (const file of files) {
    say(`\n${file}`);
    if (needsStore(basename(file)) && !(await isBuilt(built))) {
      totals.failed++;
      continue;
    }
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

const needsStore = (file: string) => last.some((name) => file.startsWith(name));

async function isBuilt(built: Promise<string> | null): Promise<boolean> {
  try {
    await built;
    return true;
  } catch (error) {
    say(errorText(error));
    return false;
  }
}

/** Prints the last lines of every container of the scenarios, without the output of the agents' children. */
async function showLogs(): Promise<void> {
  for (const name of await ours("container")) {
    const logs = await attempt(["docker", "logs", "--tail", "200", name], { timeoutMs: 30_000 });
    const lines = (logs.stdout + logs.stderr).split("\n").filter((l) => !l.includes('"event":"Output"')).slice(-15);
    say(`--- ${name}\n${lines.join("\n")}`);
  }
}

/** Names that begin with this run's prefix; the engine's own filter would also find it within the names of another run. */
async function ours(kind: "container" | "volume" | "network"): Promise<string[]> {
  const format = kind === "container" ? ["--all", "--format", "{{.Names}}"] : ["--format", "{{.Name}}"];
  const list = await execute(["docker", kind, "ls", ...format], { timeoutMs: 30_000 });
  return list.split("\n").filter((name) => name.startsWith(`${prefix}-`));
}

async function removeClusters(): Promise<void> {
  const containers = await ours("container");
  if (containers.length > 0) {
    await execute(["docker", "rm", "--force", "--volumes", ...containers], { timeoutMs: 120_000 });
  }
  for (const kind of ["volume", "network"] as const) {
    for (const name of await ours(kind)) await execute(["docker", kind, "rm", name], { timeoutMs: 30_000 });
  }
}

if (import.meta.main) {
  await task(async () => {
    const { keep, rest } = optionsOf({ keep: "flag" }, { most: 1 });
    const totals = await runScenarios(rest[0] ?? "", keep);
    say(`\n${totals.passed} passed, ${totals.failed} failed`);
    return totals.failed > 0 ? 1 : 0;
  });
}
