// A soak: random acts on the example cluster under a writer; after each the cluster must be whole again within a minute.
// `deno task soak [--minutes N] [--seed S] [--form FORM] [--act KIND] [--calm] [--keep]`; the report goes to dist/soak.json as
// well. A seed repeats a run: it chooses the form of the cluster and the acts. With --calm there are no acts, but pgbench at full
// load, and the primary must not change.
import { mkdir, writeFile } from "node:fs/promises";
import { loadavg } from "node:os";
import { join } from "node:path";
import { errorText } from "../../core/words/errors.ts";
import { systemClock, waitUntil } from "../../core/runtime/time.ts";
import { optionsOf } from "../../tools/options.ts";
import { root, say, task } from "../../tools/terminal.ts";
import type { NodeStatus } from "../../core/protocol/status.ts";
import { type Cluster, firstLevel as first, nodes, services } from "../support/cluster.ts";
import { startMs } from "../support/clusters.ts";
import { operate } from "../support/faults/operator.ts";
import { Ledger, monkey } from "../support/ledger.ts";
import { wholeMs } from "../support/waits.ts";
import { perform } from "./acts.ts";
import { calm } from "./calm.ts";
import {
  type Act,
  type ActKind,
  actKinds,
  actsOf,
  type FormKind,
  formKinds,
  mayLose,
  nextAct,
  promises,
  seeded,
} from "./plan.ts";
import { type Done, lineOf, summary } from "./report.ts";
import { Stage } from "./stage.ts";

const second = ["pgslave2", "pgslave4"];

/**
 * Waits until there is one primary, every standby streams with a lag that is known, the pool is complete, writes are
 * acknowledged again, and doctor finds no error.
 */
async function whole(cluster: Cluster, deadlineMs: number, ledger: Ledger | null): Promise<string> {
  const primary = await cluster.waitWhole(deadlineMs);
  await cluster.waitPool(undefined, deadlineMs);
  await ledger?.writes(20, deadlineMs);
  const known = ({ postgres }: NodeStatus) => postgres.role === "primary" || postgres.lagBytes !== null;
  await cluster.waitEach(nodes, "the lag to be known", known, deadlineMs);
  let said = "";
  const sound = async () => {
    const { code, stdout } = await operate(cluster, "doctor");
    said = stdout;
    return code === 0;
  };
  const options = { what: "doctor to find no error", deadlineMs, everyMs: 1_000, why: () => said };
  await waitUntil(sound, options, { clock: systemClock });
  return primary;
}

async function doOne(act: Act, primary: string, stage: Stage, ledger: Ledger, known: Set<number>): Promise<Done> {
  const { cluster } = stage;
  const at = new Date(systemClock.wallMs()).toISOString();
  const began = systemClock.nowMs();
  const findings: string[] = [];
  const afterwards = await perform(act, stage).catch((error) => {
    findings.push(`the act could not be done or borne: ${errorText(error)}`);
    return null;
  });
  const ended = systemClock.nowMs();
  const all = async (deadlineMs: number) => {
    const primary = await whole(cluster, deadlineMs, ledger);
    const holds = async () => afterwards === null || await afterwards.holds().catch(() => false);
    await waitUntil(holds, { what: promises[act.kind] ?? "", deadlineMs, everyMs: 1_000 }, { clock: systemClock });
    return primary;
  };
  const after = await all(wholeMs).catch((error) => {
    findings.push(`not whole within ${wholeMs / 1000} s: ${errorText(error)}`);
    return all(4 * wholeMs).catch(() => null);
  });
  const recoveryMs = Math.round(systemClock.nowMs() - ended);
  await afterwards?.end?.().catch((error) => findings.push(`its end failed: ${errorText(error)}`));
  const lost = after === null
    ? []
    : await ledger.missingSince(known, { ...monkey, host: (await cluster.address(after))! });
  for (const id of lost) known.add(id);
  if (lost.length > 0 && !mayLose(act, primary)) findings.push(`lost ${lost.length} writes without a reason`);
  const finding = findings.length > 0 ? findings.join("; ") : null;
  const gapMs = ledger.longestGapSince(began);
  return { at, act, primary, primaryAfter: after, tookMs: Math.round(ended - began), recoveryMs, gapMs, lost, finding };
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

async function soak(stage: Stage, minutes: number, seed: number, chosen: ActKind | undefined): Promise<number> {
  const { cluster } = stage;
  const random = seeded(seed);
  const ledger = await Ledger.start(
    { ...monkey, host: (await cluster.address("pgpool"))! },
    () => cluster.address("pgpool"),
  );
  let primary: string | null = await whole(cluster, wholeMs, ledger);
  const known = new Set<number>();
  const dones: Done[] = [];
  const kinds = chosen ? [chosen] : actsOf(stage.form, stage.hasDisks);
  const end = systemClock.nowMs() + minutes * 60_000;
  while (systemClock.nowMs() < end && primary !== null) {
    const done = await doOne(nextAct({ primary, first, second }, random, kinds), primary, stage, ledger, known);
    dones.push(done);
    say(lineOf(done));
    primary = done.primaryAfter;
  }
  await ledger.stop();
  for (const line of summary(dones, { seed, form: stage.form, load: loadavg()[0]! })) say(line);
  await mkdir(join(root, "dist"), { recursive: true });
  const report = { schema: 2, seed, form: stage.form, acts: dones };
  await writeFile(join(root, "dist", "soak.json"), JSON.stringify(report, null, 1) + "\n");
  return dones.some((d) => d.finding !== null) ? 1 : 0;
}

await task(async () => {
  const options = optionsOf({
    minutes: "count",
    seed: "count",
    form: formKinds,
    act: actKinds,
    calm: "flag",
    keep: "flag",
  });
  const { minutes = 30, seed = Math.floor(systemClock.wallMs() / 1000) } = options;
  const form = (options.form ?? (options.calm ? "plain" : formKinds[seed % formKinds.length])) as FormKind;
  const stage = await Stage.open(form);
  try {
    say(`seed ${seed}, form ${form}`);
    await stage.cluster.up(services);
    await whole(stage.cluster, startMs, null);
    if (options.calm) return await soakCalmly(stage.cluster, minutes);
    return await soak(stage, minutes, seed, options.act as ActKind | undefined);
  } finally {
    if (!options.keep) await stage.close();
  }
});
