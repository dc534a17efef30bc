// Runs simulated worlds: some steps with faults, then until all is well again.
import { Random } from "../random.ts";
import { type DataRules, trueRules } from "./rules.ts";
import type { WorldKind } from "./kind.ts";
import { DataWorld } from "./world.ts";

const shapes: readonly Omit<WorldKind, "mode" | "changes" | "beside">[] = [
  { nodes: 3, cascade: 0, observers: 0 },
  { nodes: 3, cascade: 1, observers: 0 },
  { nodes: 2, cascade: 0, observers: 1 },
  { nodes: 4, cascade: 0, observers: 0 },
  { nodes: 3, cascade: 0, observers: 2 },
  { nodes: 3, cascade: 0, observers: 1 },
  { nodes: 5, cascade: 0, observers: 0 },
  { nodes: 4, cascade: 2, observers: 1 },
];

/** The kind of world that a seed makes: two of three are strict. */
export function kindOf(seed: number): WorldKind {
  const shape = shapes[seed % shapes.length]!;
  // with two partners, one less would be none
  const changes = shape.nodes + shape.observers > 3 && seed % 2 === 0;
  return { ...shape, changes, beside: seed % 2 === 1, mode: seed % 3 === 0 ? "eventual" : "strict" };
}

export const worldSteps = 3_000;
/** Within so many steps for each node a cluster is whole again after the last fault. */
const healingSteps = 1_000;

export interface WorldRun {
  broken: string | null;
  steps: number;
  led: number;
  acknowledgements: number;
  healedIn: number;
  /** it ended with too few nodes that have data, which is no failure */
  needsPeople: boolean;
}

export function runData(seed: number, kind: WorldKind, rules: DataRules = trueRules, steps = worldSteps): WorldRun {
  const world = new DataWorld(new Random(seed), rules, kind);
  while (world.broken === null && world.steps < steps) world.step();
  world.heal();
  const end = world.steps + healingSteps * world.nodes.length;
  while (world.broken === null && world.steps < end && !world.isWhole()) {
    world.step();
    world.resume();
  }
  const needsPeople = !world.isWhole() && world.needsPeople();
  if (!world.isWhole() && !needsPeople) world.fail("no leader that all follow, long after the last fault");
  const { led, acknowledgements } = world.promises;
  return {
    broken: world.broken,
    steps: world.steps,
    led,
    acknowledgements,
    healedIn: world.steps - steps,
    needsPeople,
  };
}

export interface DataSearch {
  steps: number;
  led: number;
  acknowledgements: number;
  /** worlds that ended in need of an operator */
  needPeople: number;
  /** the seed after the last one */
  nextSeed: number;
  broken: { seed: number; because: string } | null;
}

/** Runs world after world until one breaks in the way that is looked for. */
export function searchData(
  o: { seed: number; worlds: number; rules?: DataRules; breaks?: RegExp; onWorld?: (soFar: DataSearch) => void },
): DataSearch {
  const found: DataSearch = { steps: 0, led: 0, acknowledgements: 0, needPeople: 0, nextSeed: o.seed, broken: null };
  while (found.nextSeed < o.seed + o.worlds && found.broken === null) {
    const seed = found.nextSeed++;
    const { broken, steps, led, acknowledgements, needsPeople } = runData(seed, kindOf(seed), o.rules);
    found.steps += steps;
    found.led += led;
    found.acknowledgements += acknowledgements;
    if (needsPeople) found.needPeople++;
    if (broken !== null && (o.breaks?.test(broken) ?? true)) found.broken = { seed, because: broken };
    o.onWorld?.(found);
  }
  return found;
}
