// Promise: TERM and INT are a fast shutdown, QUIT an immediate one; each ends the container by itself, with exit code 0,
// long before Docker would kill it, and the next start finds the data.
import assert from "node:assert/strict";
import { test } from "node:test";
import { attempt } from "../../tools/terminal.ts";
import { prefix } from "../support/cluster.ts";
import { docker, exec, logsOf, stateOf } from "../support/docker.ts";

const name = `${prefix}-signals`;
const environment = ["-e", "NODE_ID=1", "-e", "NODE_NAME=node1", "-e", "POSTGRES_PASSWORD=secret-of-the-test"];

test("TERM, INT and QUIT end a node as they say, with exit code 0", async () => {
  await attempt(["docker", "rm", "-fv", name], { timeoutMs: 30_000 });
  await docker(["run", "-d", "--name", name, ...environment, "postdock/postgres:latest"]);
  try {
    for (const [signal, mode] of [["TERM", "fast"], ["INT", "fast"], ["QUIT", "immediate"]] as const) {
      await exec(name, ["wait_local_postgres"], 60_000);
      const before = (await logsOf(name)).split(`received ${mode} shutdown request`).length;
      await docker(["kill", "--signal", signal, name]);
      await docker(["wait", name], 9_000);
      assert.deepEqual(await stateOf(name), { running: false, exitCode: 0 });
      assert.equal(
        (await logsOf(name)).split(`received ${mode} shutdown request`).length,
        before + 1,
        `${signal} is ${mode}`,
      );
      await docker(["start", name]);
    }
    await exec(name, ["wait_local_postgres"], 60_000);
    assert.equal((await exec(name, ["psql", "-U", "postgres", "-XAtc", "select 1"])).trim(), "1");
  } finally {
    await docker(["rm", "-fv", name]);
  }
});
