// `deno task test`, which CI runs: format, lint, types, pure tests on both runtimes, architecture rules, docs, the model of
// the lease, and the scenarios in real containers. The last line is "N passed, N failed".
import { systemClock } from "../core/runtime/time.ts";
import { type Check, quickChecks, runChecks } from "./checks.ts";
import { runScenarios, unsteadyText } from "./scenario.ts";
import { optionsOf } from "./options.ts";
import { say, task } from "./terminal.ts";

/** The longest check that needs no container, so it starts first. */
const modelCheck: Check = {
  name: "model of the lease",
  argv: ["deno", "run", "-A", "tools/model.ts"],
  timeoutMs: 600_000,
};

/** Tests that need permissions or real processes, but no container. */
const ioChecks: readonly Check[] = [
  {
    name: "tests with real files and processes",
    argv: [
      "deno",
      "test",
      "-A",
      "--no-check",
      ...["cli", "config", "core", "roles", "tools", "tests/support", "tests/kubernetes"].map((d) =>
        `${d}/**/*.io.test.ts`
      ),
    ],
  },
];

await task(async () => {
  const { keep } = optionsOf({ keep: "flag" });
  const started = systemClock.nowMs();
  const quick = await runChecks([modelCheck, ...quickChecks, ...ioChecks]);
  const scenarios = quick.failed > 0
    ? { passed: 0, failed: 0, errors: [], unsteady: [] }
    : await runScenarios("", keep);
  for (const error of scenarios.unsteady) say(unsteadyText(error));
  for (const error of scenarios.errors) say(`\nFAILED ${error}`); // again, since the report is far above
  say(`\nThe whole run took ${Math.round((systemClock.nowMs() - started) / 1000)} s.`);
  if (quick.failed > 0) say("The scenarios were not run, because quick checks failed.");
  say(`${quick.passed + scenarios.passed} passed, ${quick.failed + scenarios.failed} failed`);
  return quick.failed + scenarios.failed > 0 ? 1 : 0;
});
