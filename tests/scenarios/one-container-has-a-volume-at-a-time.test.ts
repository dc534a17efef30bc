// Promise: a second container on a node's volume does not start a second PostgreSQL there. It names the container that has the
// volume, touches nothing, and starts as soon as that one is gone.
import assert from "node:assert/strict";
import { test } from "node:test";
import { systemClock, waitUntil } from "../../core/runtime/time.ts";
import { attempt } from "../../tools/terminal.ts";
import { executableMount, prefix } from "../support/cluster.ts";
import { addressOf, docker, exec, logsOf, stateOf } from "../support/docker.ts";
import { Ledger } from "../support/ledger.ts";
import { assertLedger } from "../support/ledger-report.ts";
import { wholeMs } from "../support/waits.ts";

const deps = { clock: systemClock };
const [first, second] = [`${prefix}-volume-first`, `${prefix}-volume-second`];
const volume = `${prefix}-volume`;
const environment = ["-e", "NODE_ID=1", "-e", "NODE_NAME=node1", "-e", "POSTGRES_PASSWORD=secret-of-the-test"];
const flags = [...environment, ...executableMount, "-v", `${volume}:/var/lib/postgresql/data`];

async function discard(): Promise<void> {
  for (const name of [first, second]) await attempt(["docker", "rm", "-fv", name], { timeoutMs: 60_000 });
  await attempt(["docker", "volume", "rm", volume], { timeoutMs: 60_000 });
}

const sql = (container: string, text: string) => exec(container, ["psql", "-U", "postgres", "-XAtqc", text]);

test("two containers on one volume: the second waits, is refused, and may start once the first is gone", async () => {
  await discard();
  try {
    await docker(["run", "-d", "--name", first, ...flags, "postdock/postgres:latest"]);
    await exec(first, ["wait_local_postgres"], 60_000);
    await sql(first, "create table kept (n int); insert into kept values (1)");
    const admin = { user: "postgres", password: "secret-of-the-test", database: "postgres" };
    const ledger = await Ledger.start(
      { ...admin, host: (await addressOf(first))! },
      async () => await addressOf(first) ?? await addressOf(second),
    );
    const postmaster = await exec(first, ["head", "-1", "/var/lib/postgresql/data/postmaster.pid"]);

    await docker(["run", "-d", "--name", second, ...flags, "postdock/postgres:latest"]);
    await docker(["wait", second], 60_000);
    assert.equal((await stateOf(second)).exitCode, 77);
    const said = await logsOf(second);
    const holder = (await docker(["inspect", "-f", "{{.Config.Hostname}}", first])).trim();
    assert.match(said, new RegExp(`The volume at \\S+ is in use by container ${holder} \\(node node1\\)`));
    assert.doesNotMatch(said, /"process":"postgres"/, "no second PostgreSQL was started");
    assert.equal(await exec(first, ["head", "-1", "/var/lib/postgresql/data/postmaster.pid"]), postmaster);
    await sql(first, "insert into kept values (2)");

    // a container that is killed leaves no lock behind, and one that is ending is waited for
    await docker(["start", second]);
    const waits = async () =>
      (await logsOf(second)).match(/Waiting for the container that uses this volume/g)?.length === 2;
    await waitUntil(waits, { what: "the second container to wait", deadlineMs: 60_000 }, deps);
    await docker(["kill", first]);
    await exec(second, ["wait_local_postgres"], 60_000);
    assert.equal((await sql(second, "select count(*) from kept")).trim(), "2");
    await ledger.writes(20);
    const report = await ledger.finish({ ...admin, host: (await addressOf(second))! });
    assertLedger("two containers on one volume", report, { atLeast: 100, gapMs: wholeMs });
  } finally {
    await discard();
  }
});

test("a lock whose process is killed is taken again, and the node goes on; if another was faster, it ends at once", async () => {
  await discard();
  try {
    await docker(["run", "-d", "--name", first, ...flags, "postdock/postgres:latest"]);
    await exec(first, ["wait_local_postgres"], 60_000);
    await exec(first, ["pkill", "-KILL", "-x", "cat"]);
    const again = async () => /The lock of the volume was lost and taken again/.test(await logsOf(first));
    await waitUntil(again, { what: "the lock to be taken again", deadlineMs: 60_000 }, deps);
    await sql(first, "select 1");
    await docker(["run", "-d", "--name", second, ...flags, "postdock/postgres:latest"]);
    await docker(["wait", second], 60_000);
    assert.equal((await stateOf(second)).exitCode, 77, "the lock holds");

    // a process that waits for the lock has it as soon as it is free
    await docker(["exec", "-d", first, "flock", "/var/lib/postgresql/data", "sleep", "60"]);
    const queued = () => exec(first, ["pgrep", "-x", "flock"]).then(() => true, () => false);
    await waitUntil(queued, { what: "another process to wait for the lock", deadlineMs: 60_000 }, deps);
    const before = (await logsOf(first)).length;
    await exec(first, ["pkill", "-KILL", "-x", "cat"]);
    await docker(["wait", first], 60_000);
    assert.equal((await stateOf(first)).exitCode, 77);
    const last = (await logsOf(first)).slice(before);
    assert.match(last, /The lock of the volume is lost, so this container ends at once/);
    assert.doesNotMatch(last, /Removing a stale postmaster\.pid|the container is stopping/, "nothing there is touched");
  } finally {
    await discard();
  }
});
