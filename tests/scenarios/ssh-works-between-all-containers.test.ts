// Promise: with SSH_ENABLE=1 the postgres user of every container reaches every other by key, and nobody else gets in.
import assert from "node:assert/strict";
import { test } from "node:test";
import { exampleCluster, services } from "../support/cluster.ts";
import { exec, tryExec } from "../support/docker.ts";

test("ssh works between all containers, by key and for postgres only", async () => {
  const cluster = await exampleCluster();
  for (const from of services) {
    const container = await cluster.container(from);
    const script = services.filter((s) => s !== from)
      .map((to) => `printf '%s ' ${to}; ssh ${to} id -un`).join(" && ");
    const out = await exec(container, ["gosu", "postgres", "bash", "-c", script], 60_000);
    assert.equal(out.trim().split("\n").length, services.length - 1, `from ${from}: ${out}`);
    assert.ok(out.trim().split("\n").every((line) => line.endsWith(" postgres")), out);
  }
  const root = await tryExec(await cluster.container("pgmaster"), [
    "gosu",
    "postgres",
    "ssh",
    "-o",
    "BatchMode=yes",
    "root@pgslave1",
    "true",
  ]);
  assert.equal(root.code, 255);
});
