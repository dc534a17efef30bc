// `deno task test:scenario NAME`: runs scenarios in real containers: all of them, in the order of scenario-order.ts, or those
// whose file name contains NAME.
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { systemClock } from "../core/runtime/time.ts";
import { errorText, OperatorError } from "../core/words/errors.ts";
import { prefix } from "../tests/support/cluster.ts";
import { leaveSwarm } from "../tests/support/swarm.ts";
import type { Totals } from "./checks.ts";
import { ensureCompose } from "./engine.ts";
import { errorsOf, lastLines, onlyLate } from "./failures.ts";
import { ensureImages } from "./images.ts";
import { inLanes } from "./lanes.ts";
import { optionsOf } from "./options.ts";
import { lanes, needsStore, type Order, orderOf, patientLeaseSeconds, timesText } from "./scenario-order.ts";
import { ensureSeaweed } from "./seaweedfs.ts";
import { ensureSshKeys } from "./ssh-keys.ts";
import { attempt, execute, root, say, task } from "./terminal.ts";
import { runTestFile } from "./test-file.ts";

const folder = join("tests", "scenarios");
const ending = ".test.ts";
/** A scenario beside others takes longer. */
const limitMs = { alone: 600_000, paired: 900_000 };
/** So many that failed by time alone are run again; more of them are not the machine's doing. */
const mostAgain = 2;

/** What scenarios share and some at a time could make at once: images, unless an executable is given, Composes, keys. */
export async function prepareScenarios(): Promise<void> {
  if (!process.env.POSTDOCK_TEST_EXECUTABLE) await ensureImages();
  await ensureCompose("v2");
  await ensureCompose("v1");
  await ensureSshKeys();
}

export interface ScenarioTotals extends Totals {
  /** the errors of each scenario that failed, to be said again at the end of a long output */
  errors: string[];
  /** the errors of each scenario that came too late for its waits, and passed when it was run again, alone */
  unsteady: string[];
}

/** Runs the scenarios that match, then removes their clusters unless `keep` is set. */
export async function runScenarios(filter: string, keep: boolean): Promise<ScenarioTotals> {
  const texts = new Map<string, string>();
  for (const file of await readdir(join(root, folder))) {
    if (!file.endsWith(ending) || !file.includes(filter)) continue;
    texts.set(file.slice(0, -ending.length), await readFile(join(root, folder, file), "utf8"));
  }
  if (texts.size === 0) {
    throw new OperatorError({
      what: `No scenario has ${filter} in its name`,
      fix: "run `ls tests/scenarios` to see their names",
    });
  }
  await prepareScenarios();
  const order = orderOf(texts);
  const store = order.patient.some(needsStore) ? ensureSeaweed() : null;
  store?.catch(() => {}); // it is reported where it is needed
  const totals: ScenarioTotals = { passed: 0, failed: 0, errors: [], unsteady: [] };
  const seconds = new Map<string, number>();
  const late = new Map<string, FileResult>();
  const count = ({ passed, failed, errors }: FileResult) => {
    totals.passed += passed;
    totals.failed += failed;
    totals.errors.push(...errors);
  };
  const run = (group: keyof Order) => async (name: string) => {
    if (needsStore(name) && !(await isBuilt(store))) {
      return count({ passed: 0, failed: 1, errors: [`${name}: the S3 server was not built`] });
    }
    const since = systemClock.nowMs();
    const paired = Math.min(lanes[group], order[group].length) > 1;
    const lease = { POSTDOCK_TEST_LEASE_TTL: group === "patient" ? `${patientLeaseSeconds}` : "" };
    const result = await runFile(name, { keep, paired, lease });
    seconds.set(name, (systemClock.nowMs() - since) / 1000);
    if (result.failed > 0 && result.errors.every(onlyLate) && texts.size > 1) late.set(name, result);
    else count(result);
  };
  try {
    for (const group of ["patient", "calm", "shared", "alone"] as const) {
      await inLanes(order[group], lanes[group], run(group));
      if (!keep && group === "shared" && order.shared.length > 0) await removeClusters(); // it would slow down the others
    }
    for (const [name, first] of late) {
      if (late.size > mostAgain || totals.failed > 0) {
        count(first);
        continue;
      }
      say(`\n${name} came too late for its waits; it is run again, alone`);
      const second = await runFile(name, { keep, paired: false, lease: {} });
      count(second.failed > 0 ? first : second);
      if (second.failed === 0) totals.unsteady.push(...first.errors);
    }
  } finally {
    if (!keep) await removeClusters();
  }
  if (seconds.size > 1) say(`\n${timesText(seconds)}`);
  return totals;
}

interface FileResult extends Totals {
  errors: string[];
}

/** Runs one file. Beside others its output is printed when it has ended. */
async function runFile(
  name: string,
  { keep, paired, lease }: { keep: boolean; paired: boolean; lease: Record<string, string> },
): Promise<FileResult> {
  const file = join(folder, `${name}${ending}`);
  if (!paired) say(`\n${file}`);
  const logs = await mkdtemp(join(tmpdir(), "postdock-scenario-"));
  const env = { POSTDOCK_TEST_KEEP: keep ? "1" : "", POSTDOCK_TEST_LOGS: logs, ...lease };
  const timeoutMs = paired ? limitMs.paired : limitMs.alone;
  const { passed, failed, output } = await runTestFile(file, { timeoutMs, show: !paired, env });
  if (paired) say(`\n${file}\n${output}`.trimEnd());
  if (failed > 0) await showLogs(logs, paired);
  await rm(logs, { recursive: true });
  return { passed, failed, errors: failed > 0 ? [`${file}\n${errorsOf(output)}`] : [] };
}

/** What is said of a scenario that came too late once. */
export const unsteadyText = (error: string): string => `\nUNSTEADY: too late beside others, in time alone: ${error}`;

async function isBuilt(built: Promise<string> | null): Promise<boolean> {
  try {
    await built;
    return true;
  } catch (error) {
    say(errorText(error));
    return false;
  }
}

/** Prints the last lines of the containers that the scenario removed, and, where no other scenario runs, of those that are left. */
async function showLogs(removed: string, paired: boolean): Promise<void> {
  for (const file of await readdir(removed)) {
    say(`--- ${file}\n${lastLines(await readFile(join(removed, file), "utf8"), 25)}`);
  }
  if (paired) return;
  for (const name of await ours("container")) {
    const logs = await attempt(["docker", "logs", "--tail", "200", name], { timeoutMs: 30_000 });
    say(`--- ${name}\n${lastLines(logs.stdout + logs.stderr, 15)}`);
  }
}

/** Names that begin with this run's prefix; the engine's own filter would also find it within the names of another run. */
async function ours(kind: "container" | "volume" | "network"): Promise<string[]> {
  const format = kind === "container" ? ["--all", "--format", "{{.Names}}"] : ["--format", "{{.Name}}"];
  const list = await execute(["docker", kind, "ls", ...format], { timeoutMs: 30_000 });
  return list.split("\n").filter((name) => name.startsWith(`${prefix}-`));
}

async function removeClusters(): Promise<void> {
  await leaveSwarm(prefix); // else it would start again what is removed
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
    for (const error of totals.unsteady) say(unsteadyText(error));
    say(`\n${totals.passed} passed, ${totals.failed} failed`);
    return totals.failed > 0 ? 1 : 0;
  });
}
