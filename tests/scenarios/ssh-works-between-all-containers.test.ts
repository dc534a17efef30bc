// Promise: with SSH_ENABLE=1 the postgres user of every container reaches every other container by key, and no other login works.
import assert from "node:assert/strict";
import { test } from "node:test";
import { services } from "../support/cluster.ts";
import { exampleCluster } from "../support/clusters.ts";
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
  assert.match(root.stderr, /Permission denied/, "refused, not unreachable");
  const stranger = "rm -f /tmp/stranger*; ssh-keygen -q -t ed25519 -N '' -f /tmp/stranger; ssh -F /dev/null " +
    "-o BatchMode=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o IdentitiesOnly=yes " +
    "-i /tmp/stranger postgres@pgslave1 true; code=$?; rm -f /tmp/stranger*; exit $code";
  const other = await tryExec(await cluster.container("pgmaster"), ["gosu", "postgres", "bash", "-c", stranger]);
  assert.equal(other.code, 255);
  assert.match(other.stderr, /Permission denied/, "another key is refused");
  const from = await cluster.container("pgmaster");
  const forwarded = await tryExec(from, ["gosu", "postgres", "ssh", "-W", "localhost:5432", "pgslave1"]);
  assert.equal(forwarded.code, 255);
  assert.match(forwarded.stderr, /stdio forwarding failed|prohibited/, "nothing is forwarded");
  const terminal = await tryExec(from, ["gosu", "postgres", "ssh", "-tt", "pgslave1", "tty"]);
  assert.match(terminal.stdout + terminal.stderr, /PTY allocation request failed|not a tty/, "a key is for commands");
  const impostor = "rm -f /tmp/other*; ssh-keygen -q -t ed25519 -N '' -f /tmp/other; " +
    "sed 's/^Port .*/Port 2222/; s,^HostKey .*,HostKey /tmp/other,; s,^PidFile .*,PidFile /tmp/other.pid,' " +
    "/run/sshd/sshd_config > /tmp/other.conf; /usr/sbin/sshd -f /tmp/other.conf; " +
    "gosu postgres ssh -p 2222 localhost true; code=$?; kill $(cat /tmp/other.pid); rm -f /tmp/other*; exit $code";
  const unknown = await tryExec(from, ["bash", "-c", impostor]);
  assert.equal(unknown.code, 255);
  assert.match(unknown.stderr, /Host key verification failed/, "a host with another key is not believed");
});
