// The alerts of a Prometheus, for tests: which have fired, which have ended since.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import { systemClock, waitUntil } from "../../core/runtime/time.ts";
import { root } from "../../tools/terminal.ts";
import { hurried } from "./alert-rules.ts";
import type { Cluster } from "./cluster.ts";
import { type Change, Prometheus } from "./prometheus.ts";

/** A Prometheus beside a cluster, with the rules of monitoring/ in a hurry. */
export async function hurriedPrometheus(cluster: Cluster, change: Change = () => {}): Promise<Prometheus> {
  const rules = stringify(hurried(parse(await readFile(join(root, "monitoring/rules.yml"), "utf8"))));
  return await Prometheus.start(cluster, { rules, change });
}

export class Alarms {
  readonly fired = new Set<string>();
  readonly cleared = new Set<string>();

  constructor(private readonly prometheus: Prometheus) {}

  /** Waits until each of these has fired within the last seconds. `meanwhile` is done again and again. */
  async fire(names: readonly string[], meanwhile: () => Promise<unknown> = () => Promise.resolve()): Promise<void> {
    const seen = new Set<string>();
    const missing = () => names.filter((name) => !seen.has(name));
    const all = async () => {
      await meanwhile();
      const firing = await this.prometheus.query('max_over_time(ALERTS{alertstate="firing"}[10s])');
      for (const { metric } of firing) seen.add(metric.alertname!);
      return missing().length === 0;
    };
    await this.wait(all, "to fire", missing);
    for (const name of names) this.fired.add(name);
  }

  /** Waits until each of these fires no more. */
  async clear(names: readonly string[]): Promise<void> {
    const ended = new Set<string>();
    const missing = () => names.filter((name) => !ended.has(name));
    const all = async () => {
      const firing = (await this.prometheus.query('ALERTS{alertstate="firing"}')).map(({ metric }) => metric.alertname);
      for (const name of names) if (!firing.includes(name)) ended.add(name);
      return missing().length === 0;
    };
    await this.wait(all, "to end", missing);
    for (const name of names) this.cleared.add(name);
  }

  private async wait(ready: () => Promise<boolean>, what: string, missing: () => string[]): Promise<void> {
    const since = systemClock.nowMs();
    const wait = { what: `alerts ${what}`, deadlineMs: 120_000, everyMs: 500, why: () => missing().join(", ") };
    await waitUntil(ready, wait, { clock: systemClock });
    console.log(`${Math.round((systemClock.nowMs() - since) / 1000)} s for alerts ${what}`);
  }
}
