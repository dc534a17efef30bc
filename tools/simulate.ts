// `deno task simulate [--data] [--steps N] [--seed S]`: runs the rules of the lease in simulated worlds for N steps, then with
// each planted fault; with --data the decisions about whose data counts. If a world breaks, its seed is printed, with which the same run can be repeated.
import process from "node:process";
import { systemClock } from "../core/runtime/time.ts";
import { ExitCode, OperatorError } from "../core/words/errors.ts";
import { runData } from "../tests/simulation/data.ts";
import { trueRules } from "../tests/simulation/data-views.ts";
import { Random } from "../tests/simulation/random.ts";
import { search, searchPlanted } from "../tests/simulation/search.ts";
import { say, task } from "./terminal.ts";

const defaultSteps = 10_000_000;
const reportEverySteps = 2_000_000;

function numberAfter(option: string, fallback: number): number {
  const args = process.argv.slice(2);
  const at = args.indexOf(option);
  if (at < 0) return fallback;
  const value = Number(args[at + 1]);
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new OperatorError({
    what: `${option} needs a whole number greater than 0`,
    fix: "for example: deno task simulate --steps 50000000 --seed 7",
    exitCode: ExitCode.usage,
  });
}

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

const dataSteps = 1_000;

/** Runs the decisions about data for so many steps, faults and all. Returns whether nothing broke. */
function simulateData(seed: number, steps: number): boolean {
  let led = 0;
  for (let s = seed; (s - seed) * dataSteps < steps; s++) {
    const world = runData(new Random(s), trueRules, dataSteps);
    led += world.led;
    if (world.broken !== null) {
      say(`BROKEN: ${world.broken}. To repeat: deno task simulate --data --steps 1 --seed ${s}`);
      return false;
    }
  }
  say(`${steps} steps, ${led} leaderships: no acknowledged write was lost, and every cluster healed`);
  return true;
}

await task(() => {
  if (process.argv.includes("--data")) {
    const sound = simulateData(numberAfter("--seed", 1), numberAfter("--steps", defaultSteps));
    return Promise.resolve(sound ? 0 : 1);
  }
  const seed = numberAfter("--seed", 1);
  const sound = simulate(seed, numberAfter("--steps", defaultSteps));
  say("\nPlanted faults:");
  const planted = searchPlanted(seed);
  for (const { name, steps, broken } of planted) {
    say(`${broken ? `after ${steps} steps, seed ${broken.seed}` : `NOT FOUND in ${steps} steps`}: ${name}`);
  }
  return Promise.resolve(sound && planted.every((p) => p.broken !== null) ? 0 : 1);
});
