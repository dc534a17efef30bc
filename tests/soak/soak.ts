// A soak: random acts on the example cluster under a writer; after each the cluster must be whole again within a minute.
// `deno task soak [--minutes N] [--seed S] [--calm] [--keep]`; the report goes to dist/soak.json as well. With --calm there are
// no acts, but pgbench at full load, and the primary must not change.
import { mkdir, writeFile } from "node:fs/promises";
import { loadavg } from "node:os";
import { join } from "node:path";
import { errorText } from "../../core/words/errors.ts";
import { systemClock } from "../../core/runtime/time.ts";
import { optionsOf } from "../../tools/options.ts";
import { root, say, task } from "../../tools/terminal.ts";
import { Cluster, firstLevel as first, services } from "../support/cluster.ts";
import { Ledger, monkey } from "../support/ledger.ts";
import { wholeMs } from "../support/waits.ts";
import { perform } from "./acts.ts";
import { calm } from "./calm.ts";
import { type Act, mayLose, nextAct, seeded } from "./plan.ts";

const second = ["pgslave2", "pgslave4"];

interface Done {
  at: string;
  act: Act;
  primary: string;
  primaryAfter: string | null;
  recoveryMs: number;
  gapMs: number;
  lost: number[];
  finding: string | null;
}

/** Waits until there is one primary, every standby streams, the pool is complete, and writes are acknowledged again. */
async function whole(cluster: Cluster, deadlineMs: number, ledger: Ledger | null): Promise<string> {
  const primary = await cluster.waitWhole(deadlineMs);
  await cluster.waitPool(undefined, deadlineMs);
  await ledger?.writes(20, deadlineMs);
  return primary;
}

async function doOne(act: Act, primary: string, cluster: Cluster, ledger: Ledger, known: Set<number>): Promise<Done> {
  const at = new Date(systemClock.wallMs()).toISOString();
  const began = systemClock.nowMs();
  let finding: string | null = null;
  try {
    await perform(act, cluster);
  } catch (error) {
    finding = `the act could not be done or borne: ${errorText(error)}`;
  }
  const ended = systemClock.nowMs();
  let after: string | null = null;
  try {
    after = await whole(cluster, wholeMs, ledger);
  } catch (error) {
    finding = `not whole within ${wholeMs / 1000} s: ${errorText(error)}`;
    after = await whole(cluster, 4 * wholeMs, ledger).catch(() => null);
  }
  const recoveryMs = Math.round(systemClock.nowMs() - ended);
  const lost = after === null
    ? []
    : await ledger.missingSince(known, { ...monkey, host: (await cluster.address(after))! });
  for (const id of lost) known.add(id);
  if (lost.length > 0 && !mayLose(act, primary)) {
    finding = `${finding ?? ""} lost ${lost.length} writes without a reason`;
  }
  return { at, act, primary, primaryAfter: after, recoveryMs, gapMs: ledger.longestGapSince(began), lost, finding };
}

function lineOf(done: Done): string {
  const { act, primary } = done;
  const targets = act.targets.map((t) => t === primary ? `${t} (primary)` : t).join(" and ");
  return `${done.at.slice(11, 19)} ${act.kind} ${targets || ""}: whole after ${
    (done.recoveryMs / 1000).toFixed(1)
  } s, ` +
    `no write for ${(done.gapMs / 1000).toFixed(1)} s, lost ${done.lost.length}${
      done.finding ? `; FINDING ${done.finding}` : ""
    }`;
}

function summary(dones: readonly Done[], seed: number): string {
  const times = dones.map((d) => d.recoveryMs).toSorted((a, b) => a - b);
  const at = (share: number) => ((times[Math.floor((times.length - 1) * share)] ?? 0) / 1000).toFixed(1);
  const lost = dones.flatMap((d) => d.lost).length;
  return `seed ${seed}: ${dones.length} acts, whole after ${at(0.5)} s (median), ${at(0.9)} s (nine of ten), ${
    at(1)
  } s (longest); ` +
    `${lost} acknowledged writes lost, ${dones.filter((d) => d.finding).length} findings; load ${
      loadavg()[0]!.toFixed(1)
    }`;
}

async function soakCalmly(cluster: Cluster, minutes: number): Promise<number> {
  const seen = await calm(cluster, minutes);
  const { minutes: done, fenced, terms, ages, tps, loads } = seen;
  const most = (values: readonly number[]) => Math.max(...values);
  say(`${done} minutes of pgbench with 32 clients: ${fenced} times fenced, ${terms} leases more than one`);
  say(`at most ${most(tps)} tps and load ${most(loads)}; renewals by the age of the lease: ${JSON.stringify(ages)}`);
  await mkdir(join(root, "dist"), { recursive: true });
  await writeFile(join(root, "dist", "soak-calm.json"), JSON.stringify({ schema: 1, ...seen }, null, 1) + "\n");
  return fenced + terms > 0 ? 1 : 0;
}

await task(async () => {
  const options = optionsOf({ minutes: "count", seed: "count", calm: "flag", keep: "flag" });
  const { minutes = 30, seed = Math.floor(systemClock.wallMs() / 1000) } = options;
  const random = seeded(seed);
  const cluster = await Cluster.prepare({ name: "soak" });
  const dones: Done[] = [];
  try {
    await cluster.up(services);
    let primary: string | null = await whole(cluster, 150_000, null);
    if (options.calm) return await soakCalmly(cluster, minutes);
    const ledger = await Ledger.start(
      { ...monkey, host: (await cluster.address("pgpool"))! },
      () => cluster.address("pgpool"),
    );
    await whole(cluster, wholeMs, ledger);
    const known = new Set<number>();
    const end = systemClock.nowMs() + minutes * 60_000;
    while (systemClock.nowMs() < end && primary !== null) {
      const done = await doOne(nextAct({ primary, first, second }, random), primary, cluster, ledger, known);
      dones.push(done);
      say(lineOf(done));
      primary = done.primaryAfter;
    }
    await ledger.stop();
    say(summary(dones, seed));
    await mkdir(join(root, "dist"), { recursive: true });
    await writeFile(join(root, "dist", "soak.json"), JSON.stringify({ schema: 1, seed, acts: dones }, null, 1) + "\n");
    return dones.some((d) => d.finding !== null) ? 1 : 0;
  } finally {
    if (!options.keep) await cluster.down();
  }
});
