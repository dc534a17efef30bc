// The file of METRICS_QUERIES is refused at the start by its variable, its name and what is wrong with it.
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { OperatorError } from "../../../core/words/errors.ts";
import { readQueriesFile } from "./queries-file.ts";

async function withFile(text: string | null, work: (path: string) => Promise<void>): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), "queries-"));
  const path = join(directory, "queries.yaml");
  try {
    if (text !== null) await writeFile(path, text);
    await work(path);
  } finally {
    await rm(directory, { recursive: true });
  }
}
const refused = (text: string | null, why: RegExp, fix: RegExp) =>
  withFile(text, async (path) => {
    await assert.rejects(readQueriesFile(path), (error) => {
      assert.ok(error instanceof OperatorError);
      assert.ok(error.what.startsWith(`METRICS_QUERIES names ${path}, `), error.what);
      assert.match(error.what, why);
      assert.match(error.fix, fix);
      return error.exitCode === 78;
    });
  });

test("the queries of a file are read, with the hash of its content", () =>
  withFile('a:\n  query: "select 1 as n"\n  metrics:\n    - n: {usage: GAUGE}\n', async (path) => {
    const file = await readQueriesFile(path);
    assert.deepEqual(file?.queries.map((q) => q.name), ["a"]);
    assert.match(file!.hash, /^[0-9a-f]{64}$/);
  }));

test("without a file there is nothing to read", async () => assert.equal(await readQueriesFile(null), null));

test("a file that is not there, no YAML, too long or of another form is refused with what is accepted", async () => {
  await refused(null, /which is not there$/, /mount the file there/);
  await refused("a: [", /which is not YAML: /, /write NAME: \{query: SELECT/);
  await refused("a: 1\na: 2\n", /which is not YAML: .*unique/i, /write NAME/);
  await refused("a: {metrics: []}", /a\.query: is missing, or is not text; a\.metrics: names no column$/, /write NAME/);
  await refused("#".repeat(300_000), /longer than 256 kB/, /fewer queries/);
});
