// Promise: CONFIGS of nodes and of pgpool reach the running servers, with any delimiter, quotes, and names of older versions;
// what PostgreSQL refuses stops the container before anything is touched.
import assert from "node:assert/strict";
import { test } from "node:test";
import { executableMount, prefix } from "../support/cluster.ts";
import { exampleCluster } from "../support/clusters.ts";
import { docker, exec } from "../support/docker.ts";
import { attempt } from "../../tools/terminal.ts";

const image = "postdock/postgres:latest";
const base = [
  "-e",
  "NODE_ID=1",
  "-e",
  "NODE_NAME=node1",
  "-e",
  "POSTGRES_PASSWORD=secret-of-the-test",
  ...executableMount,
];

async function runOnce(environment: readonly string[]): Promise<{ code: number | null; text: string }> {
  const argv = ["docker", "run", "--rm", ...base, ...environment.flatMap((e) => ["-e", e]), image];
  const result = await attempt(argv, { timeoutMs: 60_000 });
  return { code: result.code, text: result.stdout + result.stderr };
}

test("CONFIGS reach PostgreSQL and pgpool", async () => {
  const cluster = await exampleCluster();
  // the example sets PostgreSQL's own default, so only the source shows whether it was set
  const set = "select setting, source from pg_settings where name = 'max_replication_slots'";
  assert.equal(await cluster.psql("pgmaster", set), "10|configuration file");
  assert.match(await cluster.psql("pgmaster", "show shared_preload_libraries"), /^repmgr/);
  const shown = await exec(await cluster.container("pgpool"), [
    "bash",
    "-c",
    'PGPASSWORD=$CHECK_PASSWORD psql -U $CHECK_USER -h localhost template1 -XAtc "pgpool show max_pool"',
  ]);
  assert.equal(shown.trim(), "2");
});

test("CONFIGS takes other symbols, quotes and older names", async () => {
  const name = `${prefix}-configs`;
  await attempt(["docker", "rm", "-fv", name], { timeoutMs: 30_000 });
  const environment = [
    "CONFIGS_DELIMITER_SYMBOL=;",
    "CONFIGS_ASSIGNMENT_SYMBOL==",
    "CONFIGS=work_mem=5MB;log_line_prefix='%m; [%p] ';wal_keep_segments=7;search_path='\"$user\", public'",
  ];
  await docker(["run", "-d", "--name", name, ...base, ...environment.flatMap((e) => ["-e", e]), image]);
  try {
    const psql = (setting: string) => exec(name, ["psql", "-U", "postgres", "-XAtc", `show ${setting}`]);
    await exec(name, ["wait_local_postgres"], 60_000);
    assert.equal((await psql("work_mem")).trim(), "5MB");
    assert.equal((await psql("log_line_prefix")).replace(/\n$/, ""), "%m; [%p] ");
    assert.equal((await psql("wal_keep_size")).trim(), "112MB");
    assert.equal((await psql("search_path")).trim(), '"$user", public');
  } finally {
    await docker(["rm", "-fv", name]);
  }
});

test("CONFIGS that PostgreSQL refuses stop the container before anything is touched", async () => {
  const unknown = await runOnce(["CONFIGS=no_such_setting:1"]);
  assert.equal(unknown.code, 78);
  assert.match(unknown.text, /no_such_setting/);
  const value = await runOnce(["CONFIGS=work_mem:many"]);
  assert.equal(value.code, 78);
  assert.match(value.text, /work_mem/);
  const reserved = await runOnce(["CONFIGS=port:5433"]);
  assert.equal(reserved.code, 78);
  assert.match(reserved.text, /port/);
  for (const { text } of [unknown, value, reserved]) {
    assert.notEqual(text, "");
    assert.doesNotMatch(text, /making a fresh cluster/);
    assert.doesNotMatch(text, /secret-of-the-test/);
  }
});
