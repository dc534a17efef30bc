// Promise: TERM and INT are a fast shutdown, QUIT an immediate one; each ends the container by itself, with exit code 0,
// long before Docker would kill it, and the next start finds the data.
import assert from "node:assert/strict";
import { test } from "node:test";
import { attempt } from "../../tools/terminal.ts";
import { executableMount, prefix } from "../support/cluster.ts";
import { docker, exec, logsOf, logsSince, stateOf } from "../support/docker.ts";

const name = `${prefix}-signals`;
const environment = ["-e", "NODE_ID=1", "-e", "NODE_NAME=node1", "-e", "POSTGRES_PASSWORD=secret-of-the-test"];

test("TERM and INT end a node by a fast shutdown, QUIT by an immediate one, with exit code 0", async () => {
  await attempt(["docker", "rm", "-fv", name], { timeoutMs: 30_000 });
  await docker(["run", "-d", "--name", name, ...environment, ...executableMount, "postdock/postgres:latest"]);
  const sql = async (text: string) => (await exec(name, ["psql", "-U", "postgres", "-XAtqc", text])).trim();
  try {
    await exec(name, ["wait_local_postgres"], 60_000);
    await sql("create table kept (signal text)");
    for (const [signal, mode] of [["TERM", "fast"], ["INT", "fast"], ["QUIT", "immediate"]] as const) {
      await sql(`insert into kept values ('${signal}')`);
      const before = await logsOf(name);
      await docker(["kill", "--signal", signal, name]);
      await docker(["wait", name], 9_000);
      assert.deepEqual(await stateOf(name), { running: false, exitCode: 0 });
      const said = [...(await logsSince(name, before)).matchAll(/received (\w+) shutdown request/g)].map((m) => m[1]);
      assert.deepEqual(said, [mode], `${signal} is ${mode}`);
      await docker(["start", name]);
      await exec(name, ["wait_local_postgres"], 60_000);
      assert.equal(
        await sql(`select count(*) from kept where signal = '${signal}'`),
        "1",
        "the next start finds the data",
      );
    }
  } finally {
    await docker(["rm", "-fv", name]);
  }
});
