// What an operator orders from pgpool's container, in every mode.
import assert from "node:assert/strict";
import type { CommandResult } from "../../../core/runtime/command.ts";
import { systemClock, waitUntil } from "../../../core/runtime/time.ts";
import { type Cluster, firstLevel } from "../cluster.ts";
import { tryExec } from "../docker.ts";
import { Ledger, monkey } from "../ledger.ts";
import { assertLedger } from "../ledger-report.ts";
import { nothingMs, staysTrueFor, successionMs } from "../waits.ts";

const deps = { clock: systemClock };

/** `postdock cluster …` in the container of pgpool, which has no database of its own. */
export async function operate(cluster: Cluster, ...args: readonly string[]): Promise<CommandResult> {
  return await tryExec(await cluster.container("pgpool"), ["postdock", "cluster", ...args], 90_000);
}

/** The JSON that a successful command prints. */
export async function resultOf(cluster: Cluster, ...args: readonly string[]): Promise<Record<string, unknown>> {
  const { code, stdout, stderr } = await operate(cluster, ...args, "--json");
  assert.equal(code, 0, `${args.join(" ")}: ${stdout}${stderr}`);
  return JSON.parse(stdout);
}

/** Checks that none of these nodes becomes primary although the lease is free. */
export async function nobodyLeads(cluster: Cluster, among: readonly string[]): Promise<void> {
  let seen: string | null = null;
  const nobody = async () => (seen = await cluster.primary(among)) === null;
  await staysTrueFor(nothingMs, nobody, { what: `none of ${among.join(", ")} leads`, why: () => `${seen} does` });
}

/** Waits until the last grant has run out at these voters, and no node has the lease. */
export async function waitNoLease(cluster: Cluster, among: readonly string[]): Promise<void> {
  await cluster.waitEach(among, "the lease to run out", ({ lease }) => lease.grantedTo === null);
}

/** Failover is paused; a node that dies before `resume` and returns after it does not bring the pause back. */
export async function pausedWhileOneIsAbsent(cluster: Cluster, among: readonly string[]): Promise<void> {
  const primary = await cluster.waitWhole(undefined, among);
  const [one, other] = firstLevel.filter((n) => n !== primary) as [string, string];
  const ledger = await Ledger.start({ ...monkey, host: (await cluster.address("pgpool"))! });
  await ledger.writes(20);
  try {
    assert.equal((await resultOf(cluster, "pause")).paused, true);
    await cluster.kill(primary);
    await cluster.kill(one);
    await cluster.start(one);
    await waitNoLease(cluster, [other]);
    await cluster.waitEach([one], "the standby that was started again", ({ postgres }) => postgres.role === "standby");
    await waitNoLease(cluster, [one, other]);
    await nobodyLeads(cluster, [one, other]);
    assert.match((await operate(cluster, "show")).stdout, /automatic failover is paused; `postdock cluster resume`/);
  } finally {
    assert.equal((await resultOf(cluster, "resume")).paused, false);
  }
  const next = await waitUntil(
    () => cluster.primary([one, other]),
    { what: "a new primary", deadlineMs: 2 * successionMs },
    deps,
  );
  await cluster.start(primary);
  await cluster.waitWhole(undefined, among);
  // the primary that was killed knows the pause from before; no node takes it from there
  await cluster.waitEach(among, "automatic failover to be on", ({ paused }) => !paused.on);
  await cluster.kill(next);
  await cluster.waitSuccessor(next, among, 2 * successionMs); // the voter of the first one is silent at first
  await cluster.start(next);
  const leader = await cluster.waitWhole(undefined, among);
  const report = await ledger.finish({ ...monkey, host: (await cluster.address(leader))! });
  assertLedger("pause and resume", report, { atLeast: 20, gapMs: 60_000 });
}
