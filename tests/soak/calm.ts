// A soak without faults: pgbench at full load on the primary, and a lease that must not be lost once. What the load delays is in
// the report: how old the lease was at its renewals.
import { loadavg } from "node:os";
import { defaultHttpPort } from "../../config/http-port.ts";
import { Peers } from "../../core/client/peers.ts";
import { systemClock } from "../../core/runtime/time.ts";
import { say } from "../../tools/terminal.ts";
import { type Cluster, firstLevel } from "../support/cluster.ts";
import { exec, logsOf } from "../support/docker.ts";

export interface Calm {
  minutes: number;
  /** how often a primary was fenced although nothing was wrong */
  fenced: number;
  /** leases that were acquired after the first: failovers for no reason */
  terms: number;
  /** how many renewals found a lease at most so old, by seconds; of the primary at the end */
  ages: Readonly<Record<string, number>>;
  /** pgbench's transactions per second, on all cores */
  tps: number[];
  /** the machine's load, once a minute */
  loads: number[];
}

/** pgbench runs for so long at a time, seconds. */
const roundSeconds = 60;

/** Runs pgbench with 32 clients on the primary for so many minutes, or until another lease than the first one is held. */
export async function calm(cluster: Cluster, minutes: number): Promise<Calm> {
  await cluster.waitLease(firstLevel);
  let primary = await cluster.waitWhole(300_000);
  const term = (await cluster.nodeStatus(primary))?.lease.term ?? NaN;
  const pgbench = async (args: string) =>
    await exec(
      await cluster.container(primary),
      ["bash", "-c", `gosu postgres pgbench ${args} monkey_db 2>&1 || true`],
      (roundSeconds + 120) * 1000,
    );
  await pgbench("-q -i -s 10");
  const tps: number[] = [];
  const loads: number[] = [];
  const end = systemClock.nowMs() + minutes * 60_000;
  let now = term;
  while (systemClock.nowMs() < end && now === term) {
    const said = await pgbench(`-c 32 -j 2 -T ${roundSeconds}`);
    tps.push(Math.round(Number(/^tps = ([\d.]+)/m.exec(said)?.[1] ?? NaN)));
    loads.push(Math.round(loadavg()[0]!));
    say(`${tps.length} min: ${tps.at(-1)} tps, load ${loads.at(-1)}`);
    primary = await cluster.primary().catch(() => null) ?? primary;
    now = (await cluster.nodeStatus(primary))?.lease.term ?? term;
  }
  const logs = await Promise.all(firstLevel.map(async (n) => await logsOf(await cluster.container(n))));
  const fenced = logs.join("\n").split("\n").filter((line) => line.includes('"event":"Fenced"')).length;
  return { minutes: tps.length, fenced, terms: now - term, ages: await agesOf(cluster, primary), tps, loads };
}

/** The histogram of the lease's age at its renewals: how many were at most so old, by seconds. */
export async function agesOf(cluster: Cluster, primary: string): Promise<Record<string, number>> {
  const text = await new Peers(systemClock, defaultHttpPort).getText(
    (await cluster.address(primary))!,
    "/metrics",
    10_000,
  );
  const found = text.matchAll(/^postdock_lease_age_seconds_bucket\{le="([^"]+)"[^}]*\} (\d+)$/gm);
  return Object.fromEntries([...found].map(([, upTo, n]) => [upTo!, Number(n)]));
}
