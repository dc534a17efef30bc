// A world that is led on purpose: a primary hands over, and the order to its successor comes after another node has led.
import { Random } from "../random.ts";
import type { DataRules } from "./rules.ts";
import { DataWorld } from "./world.ts";

/** The successor and two observers are a majority of the voters, and no proof. */
const kind = { nodes: 3, cascade: 0, observers: 2, changes: false, beside: false, mode: "strict" } as const;
const longSteps = 2_000;

/** What broke, or null. Throws if the world did not come that far. */
export function runLateOrder(seed: number, rules: DataRules): string | null {
  const world = new DataWorld(new Random(seed), rules, kind);
  const run = (until: () => boolean) => {
    const end = world.steps + longSteps;
    while (!until() && world.broken === null && world.steps < end) world.step();
    if (!until() && world.broken === null) throw new Error(`seed ${seed}: nothing happened in ${longSteps} steps`);
  };
  const apart = (group: readonly string[]) => {
    world.cuts.clear();
    for (const a of group) for (const b of world.hosts) if (!group.includes(b)) world.cut(a, b);
  };
  world.heal();
  run(() => world.isWhole());
  const first = world.lease.holder!.node;
  const heir = world.nodes.find((n) => n !== first)!;
  const { host } = heir.settings;
  world.holdsPost = true;
  first.now!.handOver = host;
  run(() => world.posted.length > 0);
  apart([host]);
  const { acknowledgements } = world.promises;
  run(() => world.promises.acknowledgements > acknowledgements + 10);
  apart([host, "o", "p"]);
  world.holdsPost = false;
  run(() => world.posted.length === 0);
  const end = world.steps + longSteps;
  while (world.broken === null && world.steps < end) world.step();
  return world.broken;
}
