// A world that is led on purpose: a node is forced while a majority that it cannot see goes on, and the network heals. Then the
// primary of that majority is gone, before the forced node is a standby of it.
import { Random } from "../random.ts";
import { crash } from "./faults.ts";
import { force } from "./force.ts";
import type { DataRules } from "./rules.ts";
import { DataWorld } from "./world.ts";

/** Without the primary, the observers are a majority with any node. */
const kind = { nodes: 3, cascade: 0, observers: 2, changes: false, beside: true, mode: "strict" } as const;
const longSteps = 3_000;

/** What broke, or null. Throws if the world did not come that far. */
export function runHiddenPrimary(seed: number, rules: DataRules): string | null {
  const world = new DataWorld(new Random(seed), rules, kind);
  const run = (until: () => boolean, steps = longSteps) => {
    const end = world.steps + steps;
    while (!until() && world.broken === null && world.steps < end) world.step();
    return until();
  };
  const must = (until: () => boolean) => {
    if (!run(until) && world.broken === null) throw new Error(`seed ${seed}: nothing happened in ${longSteps} steps`);
  };
  world.heal();
  must(() => world.isWhole());
  const primary = world.lease.holder!.node;
  const forced = world.nodes.find((n) => n !== primary)!;
  for (const host of world.hosts) world.cut(forced.settings.host, host);
  must(() => {
    force(forced, world);
    return forced.disk.memory.forced;
  });
  must(() => forced.now?.server === "primary");
  const { acknowledgements } = world.promises;
  must(() => world.promises.acknowledgements > acknowledgements + 10);
  world.cuts.clear();
  // it has seen the primary: its server has ended
  must(() => forced.now?.server !== "primary");
  run(() => false, 1 + world.random.below(20));
  crash(primary, world);
  for (const host of world.hosts) world.cut(primary.settings.host, host);
  run(() => false);
  return world.broken;
}
