// Chaos: random faults on the example cluster under writers, transfers and readers, and a checker of what they saw.
// `deno task chaos [--faults N] [--seed S] [--mode eventual|strict] [--kind KIND] [--observers] [--keep]`; also to
// dist/chaos.json. With --observers pgpool and barman vote too.
import { mkdir, writeFile } from "node:fs/promises";
import { loadavg } from "node:os";
import { join } from "node:path";
import { systemClock, waitUntil } from "../../core/runtime/time.ts";
import { optionsOf } from "../../tools/options.ts";
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

const observers: readonly Observer[] = ["pgpool", "backup"];

/** Before the first majority has joined there is no standby to wait for, so strict does not protect what is acknowledged then. */
async function waitSynchronous(cluster: Cluster, primary: string): Promise<void> {
  const waits = async () => (await cluster.psql(primary, "show synchronous_standby_names")) !== "";
  await waitUntil(waits, { what: "commits to wait for standbys", deadlineMs: 60_000 }, { clock: systemClock });
}

await task(async () => {
  const options = optionsOf({
    faults: "count",
    seed: "count",
    mode: ["eventual", "strict"],
    kind: faultKinds,
    observers: "flag",
    keep: "flag",
  });
  const { faults = 20, seed = Math.floor(systemClock.wallMs() / 1000) } = options;
  const mode = (options.mode ?? "eventual") as Mode;
  const kind = options.kind as FaultKind | undefined;
  const random = seeded(seed);
  const voting = options.observers ? observers : [];
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
    if (!options.keep) {
      await cluster.down();
      await dropDisks(disks);
    }
  }
});
