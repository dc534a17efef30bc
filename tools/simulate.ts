// `deno task simulate [--steps N] [--seed S]`: the rules of the lease in simulated worlds for as long as asked, then with each
// planted fault. A world that breaks is told by its seed, which gives the same run again.
import process from "node:process";
import { systemClock } from "../core/runtime/time.ts";
import { ExitCode, OperatorError } from "../core/words/errors.ts";
import { search, searchPlanted } from "../tests/simulation/search.ts";
import { say, task } from "./terminal.ts";

const defaultSteps = 10_000_000;
const tellEverySteps = 2_000_000;

function numberAfter(option: string, fallback: number): number {
  const args = process.argv.slice(2);
  const at = args.indexOf(option);
  if (at < 0) return fallback;
  const value = Number(args[at + 1]);
  if (Number.isSafeInteger(value) && value > 0) return value;
  throw new OperatorError({
    what: `${option} needs a whole number above 0`,
    fix: "for example: deno task simulate --steps 50000000 --seed 7",
    exitCode: ExitCode.usage,
  });
}

/** Many steps with the true rules. Whether nothing broke. */
function simulate(seed: number, steps: number): boolean {
  const started = systemClock.nowMs();
  let toldAt = 0;
  const found = search({
    seed,
    steps,
    onWorld: (soFar) => {
      if (soFar.steps - toldAt < tellEverySteps) return;
      toldAt = soFar.steps;
      say(`${soFar.steps} steps, seeds ${seed} to ${soFar.nextSeed - 1}, ${soFar.begun} leases begun`);
    },
  });
  const perSecond = Math.round(found.steps / (systemClock.nowMs() - started) * 1000);
  say(
    `${found.steps} steps, seeds ${seed} to ${found.nextSeed - 1}, ${found.begun} leases begun, ${perSecond} steps/s`,
  );
  if (found.broken === null) return true;
  const { kind, because } = found.broken;
  say(`BROKEN: ${because} (world "${kind}"); again with: deno task simulate --steps 1 --seed ${found.broken.seed}`);
  return false;
}

await task(() => {
  const seed = numberAfter("--seed", 1);
  const sound = simulate(seed, numberAfter("--steps", defaultSteps));
  say("\nPlanted faults:");
  const planted = searchPlanted(seed);
  for (const { name, steps, broken } of planted) {
    say(`${broken ? `after ${steps} steps, seed ${broken.seed}` : `NOT FOUND in ${steps} steps`}: ${name}`);
  }
  return Promise.resolve(sound && planted.every((p) => p.broken !== null) ? 0 : 1);
});
