// `deno task simulate [--data] [--steps N] [--seed S]`: runs the rules of the lease in simulated worlds for N steps, then with
// each planted fault; with --data the decisions about whose data counts. If a world breaks, its seed is printed, with which the same run can be repeated.
import { systemClock } from "../core/runtime/time.ts";
import { plantedFaults } from "../tests/simulation/data/rules.ts";
import { type DataSearch, searchData, worldSteps } from "../tests/simulation/data/run.ts";
import { search, searchPlanted } from "../tests/simulation/search.ts";
import { optionsOf } from "./options.ts";
import { say, task } from "./terminal.ts";

const defaultSteps = 10_000_000;
const reportEverySteps = 2_000_000;

/** Runs the true rules for many steps. Returns whether nothing broke. */
function simulate(seed: number, steps: number): boolean {
  const started = systemClock.nowMs();
  let reportedAt = 0;
  const found = search({
    seed,
    steps,
    onWorld: (soFar) => {
      if (soFar.steps - reportedAt < reportEverySteps) return;
      reportedAt = soFar.steps;
      say(`${soFar.steps} steps, seeds ${seed} to ${soFar.nextSeed - 1}, ${soFar.begun} leases begun`);
    },
  });
  const perSecond = Math.round(found.steps / (systemClock.nowMs() - started) * 1000);
  say(
    `${found.steps} steps, seeds ${seed} to ${found.nextSeed - 1}, ${found.begun} leases begun, ${perSecond} steps/s`,
  );
  if (found.broken === null) return true;
  const { kind, because } = found.broken;
  say(`BROKEN: ${because} (world "${kind}"). To repeat: deno task simulate --steps 1 --seed ${found.broken.seed}`);
  return false;
}

/** Runs the decisions about data for so many steps, faults and all. Returns whether nothing broke. */
function simulateData(seed: number, steps: number): boolean {
  const started = systemClock.nowMs();
  let reportedAt = 0;
  const report = (soFar: DataSearch) => {
    const perSecond = Math.round(soFar.steps / (systemClock.nowMs() - started) * 1000);
    const { led, acknowledgements } = soFar;
    say(
      `${soFar.steps} steps, seeds ${seed} to ${soFar.nextSeed - 1}, ${led} leaderships, ` +
        `${acknowledgements} acknowledgements, ${soFar.needPeople} worlds that need an operator, ${perSecond} steps/s`,
    );
  };
  const onWorld = (soFar: DataSearch) => {
    if (soFar.steps - reportedAt < reportEverySteps) return;
    reportedAt = soFar.steps;
    report(soFar);
  };
  const found = searchData({ seed, worlds: Math.ceil(steps / worldSteps), onWorld });
  report(found);
  if (found.broken === null) return true;
  say(`BROKEN: ${found.broken.because}. To repeat: deno task simulate --data --steps 1 --seed ${found.broken.seed}`);
  return false;
}

/** The worlds in which a planted fault is looked for. */
const plantedWorlds = 500;

function plantData(): boolean {
  say("\nPlanted faults:");
  const planted = plantedFaults.map((p) => ({ ...p, ...searchData({ ...p, worlds: plantedWorlds }) }));
  for (const { name, steps, broken } of planted) {
    say(`${broken ? `after ${steps} steps, seed ${broken.seed}: ${broken.because}` : "NOT FOUND"}: ${name}`);
  }
  return planted.every((p) => p.broken !== null);
}

await task(() => {
  const { data, seed = 1, steps = defaultSteps } = optionsOf({ data: "flag", seed: "count", steps: "count" });
  if (data) {
    const sound = simulateData(seed, steps);
    return Promise.resolve(plantData() && sound ? 0 : 1);
  }
  const sound = simulate(seed, steps);
  say("\nPlanted faults:");
  const planted = searchPlanted(seed);
  for (const { name, steps, broken } of planted) {
    say(`${broken ? `after ${steps} steps, seed ${broken.seed}` : `NOT FOUND in ${steps} steps`}: ${name}`);
  }
  return Promise.resolve(sound && planted.every((p) => p.broken !== null) ? 0 : 1);
});
