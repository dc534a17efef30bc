// `deno task ok`: the checks that a developer runs before each commit. They need no container and take about 20 s.
import { quickChecks, runChecks } from "./checks.ts";
import { optionsOf } from "./options.ts";
import { say, task } from "./terminal.ts";

await task(async () => {
  optionsOf({});
  const { passed, failed } = await runChecks(quickChecks);
  say(`${passed} passed, ${failed} failed`);
  return failed > 0 ? 1 : 0;
});
