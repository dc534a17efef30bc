// `deno task smoke [--only SUITE] [--record]`: one smoke test for each combination of versions in images/versions.json, one after
// the other. With --record it writes what the programs print, for tests/contract.
import process from "node:process";
import { ensureCompose } from "./engine.ts";
import { ensureImages, readVersions } from "./images.ts";
import { optionsOf } from "./options.ts";
import { say, task } from "./terminal.ts";
import { runTestFile } from "./test-file.ts";

await task(async () => {
  const { combinations } = await readVersions();
  const { only, keep, record } = optionsOf({
    only: combinations.map(({ suite }) => suite),
    keep: "flag",
    record: "flag",
  });
  await ensureCompose("v2");
  const failed: string[] = [];
  for (const { suite } of combinations.filter((c) => only === undefined || c.suite === only)) {
    if (!process.env.POSTDOCK_TEST_EXECUTABLE) await ensureImages({ only: suite });
    const env = {
      POSTDOCK_TEST_SUITE: suite,
      POSTDOCK_TEST_KEEP: keep ? "1" : "",
      POSTDOCK_TEST_RECORD: record ? "1" : "",
    };
    const result = await runTestFile("tests/smoke/combination.test.ts", { timeoutMs: 900_000, show: true, env });
    if (result.failed > 0) failed.push(suite);
  }
  say(failed.length === 0 ? "\nEvery combination passed" : `\nFailed: ${failed.join(", ")}`);
  return failed.length > 0 ? 1 : 0;
});
