// Runs worlds, seed after seed, until a promise is broken or so many steps are done.
import { plantedFaults, type Rules, trueRules, type WorldKind } from "./rules.ts";
import { kindOf, runWorld, worldSteps } from "./world.ts";

export interface Search {
  steps: number;
  /** how often a lease began */
  begun: number;
  /** the seed after the last one */
  nextSeed: number;
  broken: { seed: number; kind: WorldKind; because: string } | null;
}

export function search(
  o: { seed: number; steps: number; rules?: Rules; kind?: WorldKind; onWorld?: (soFar: Search) => void },
): Search {
  const found: Search = { steps: 0, begun: 0, nextSeed: o.seed, broken: null };
  while (found.steps < o.steps && found.broken === null) {
    const seed = found.nextSeed++;
    const kind = o.kind ?? kindOf(seed);
    const { broken, steps, begun } = runWorld(seed, kind, o.rules ?? trueRules, worldSteps);
    found.steps += steps;
    found.begun += begun;
    if (broken !== null) found.broken = { seed, kind, because: broken };
    o.onWorld?.(found);
  }
  return found;
}

/** A planted fault must be found within so many steps. */
export const findWithinSteps = 1_500_000;

/** For every planted fault: which promise it breaks, and after how many steps. */
export function searchPlanted(seed: number) {
  return Object.entries(plantedFaults).map(([name, { rules, world }]) => {
    return { name, world, ...search({ seed, steps: findWithinSteps, rules, kind: world }) };
  });
}
