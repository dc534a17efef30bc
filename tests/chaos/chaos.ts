// Chaos: random faults on the example cluster under writers, transfers and readers, and a checker of what they saw.
// `deno task chaos [--faults N] [--seed S] [--mode eventual|strict] [--kind KIND] [--observers] [--keep]`; also to
// dist/chaos.json. With --observers pgpool and barman vote too.
import { mkdir, writeFile } from "node:fs/promises";
import { loadavg } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { OperatorError } from "../../core/words/errors.ts";
import { systemClock, waitUntil } from "../../core/runtime/time.ts";
import { root, say, task } from "../../tools/terminal.ts";
import { seeded } from "../soak/plan.ts";
import { wordOf } from "../support/clients/check.ts";
import type { Mode } from "../support/clients/records.ts";
import { runUnderFaults } from "../support/clients/run.ts";
import { Cluster, firstLevel } from "../support/cluster.ts";
import { allOf } from "../support/compose-file.ts";
import { makeClocks, withClocks } from "../support/faults/clocks.ts";
import { type FaultKind, faultKinds } from "../support/faults/fault.ts";
import { type Observer, withMode, withVoters } from "../support/variants.ts";
import { dropDisks, makeDisks, onDisks } from "./disks.ts";
import { faultOf, nextFault } from "./plan.ts";
import { asJson, summary } from "./report.ts";

/** The value of an option, which must be a number, or one of the accepted words. */
function option(name: string, fallback: string, accepted?: readonly string[]): string {
  const at = process.argv.indexOf(`--${name}`);
  const value = at < 0 ? fallback : process.argv[at + 1] ?? "";
  if (at >= 0 && !(accepted?.includes(value) ?? /^\d+$/.test(value))) {
    throw new OperatorError({
      what: `--${name} is ${value || "empty"}`,
      fix: `give ${accepted?.join(", ") ?? "a number"}`,
    });
  }
  return value;
}

const observers: readonly Observer[] = ["pgpool", "backup"];

/** Before the first majority has joined there is no standby to wait for, so strict does not protect what is acknowledged then. */
async function waitSynchronous(cluster: Cluster, primary: string): Promise<void> {
  const waits = async () => (await cluster.psql(primary, "show synchronous_standby_names")) !== "";
  await waitUntil(waits, { what: "commits to wait for standbys", deadlineMs: 60_000 }, { clock: systemClock });
}

await task(async () => {
  const faults = Number(option("faults", "20"));
  const seed = Number(option("seed", String(Math.floor(systemClock.wallMs() / 1000))));
  const mode = option("mode", "eventual", ["eventual", "strict"]) as Mode;
  const kind = option("kind", "", faultKinds) as FaultKind | "";
  const random = seeded(seed);
  const voting = process.argv.includes("--observers") ? observers : [];
  const disks = await makeDisks();
  const clocks = await makeClocks();
  const kinds = faultKinds.filter((k) => (disks.length > 0 || k !== "full-disk") && (clocks || k !== "clock"));
  const voters = voting.length > 0 ? withVoters(firstLevel, voting) : null;
  const edit = allOf(withMode(mode), onDisks(disks), clocks ? withClocks : null, voters);
  const cluster = await Cluster.prepare({ name: `chaos-${mode}`, edit });
  try {
    await cluster.up();
    const primary = await cluster.waitWhole(150_000);
    if (mode === "strict") await waitSynchronous(cluster, primary);
    const { history, verdict, unknown } = await runUnderFaults(cluster, mode, (seen, done) => {
      if (done >= faults) return null;
      return kind ? faultOf(kind, seen, random) : nextFault(seen, random, kinds);
    }, voting);
    const load = loadavg()[0]!;
    for (const line of summary(seed, history, verdict, unknown, load)) say(line);
    await mkdir(join(root, "dist"), { recursive: true });
    await writeFile(join(root, "dist", "chaos.json"), asJson(seed, history, verdict, unknown, load));
    return { passed: 0, failed: 1, undecided: 2 }[wordOf(verdict)];
  } finally {
    if (!process.argv.includes("--keep")) {
      await cluster.down();
      await dropDisks(disks);
    }
  }
});
