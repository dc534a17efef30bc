// Promise: the README's marked examples work as they are printed, on the example cluster.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { systemClock, waitUntil } from "../../core/runtime/time.ts";
import { attempt, root } from "../../tools/terminal.ts";
import { exampleCluster } from "../support/clusters.ts";
import { docExamples } from "../support/doc-examples.ts";
import { repmgrAnswers } from "../support/repmgr.ts";

test("the examples of the README and of docs work as printed", async () => {
  const cluster = await exampleCluster();
  await waitUntil(
    async () => {
      const backup = await cluster.status("backup");
      return backup?.component === "barman" && backup.checkOk && backup.lastBackup !== null;
    },
    { what: "a green barman check, and a backup", deadlineMs: 120_000, everyMs: 1_000 },
    { clock: systemClock },
  );
  await repmgrAnswers(cluster, "pgmaster", "show");
  // the tests' cluster is another Compose project of the same services; everything else is as in the README
  const env = { COMPOSE_PROJECT_NAME: cluster.project };
  for (
    const page of [
      "README.md",
      ...["flows", "high-availability", "backup", "recovery", "troubleshooting", "migration"].map((name) =>
        `docs/${name}.md`
      ),
    ]
  ) {
    const examples = docExamples(await readFile(join(root, page), "utf8"));
    assert.notEqual(examples.length, 0, `${page} has no example that is run`);
    for (const { line, script } of examples) {
      const argv = ["bash", "-euo", "pipefail", "-c", script];
      const result = await attempt(argv, { timeoutMs: 120_000, cwd: root, env });
      assert.equal(result.code, 0, `${page} line ${line}:\n${script}\n${result.stdout}${result.stderr}`);
    }
  }
});
