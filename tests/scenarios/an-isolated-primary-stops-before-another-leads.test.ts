// Promise: a primary that is cut off from all other containers stops serving before another node leads, and its probe says so.
// When the network heals it becomes a standby by itself. At no instant could two primaries be written to.
import assert from "node:assert/strict";
import { test } from "node:test";
import { systemClock, waitUntil } from "../../core/runtime/time.ts";
import { exampleCluster } from "../support/clusters.ts";
import { tryExec } from "../support/docker.ts";
import { Ledger, monkey } from "../support/ledger.ts";
import { assertLedger } from "../support/ledger-report.ts";
import { successionMs } from "../support/waits.ts";

const deps = { clock: systemClock };

/** Writes inside the container over its own socket, despite cut networks; counts writes, and notes when the last was sent. */
async function writeLocally(container: string, stop: AbortSignal): Promise<{ count: number; lastMs: number }> {
  let count = 0;
  let lastMs = 0;
  while (!stop.aborted) {
    const insert = ["psql", "-U", "postgres", "-d", "monkey_db", "-c", "insert into isolated values (default)"];
    const began = systemClock.nowMs();
    if ((await tryExec(container, insert, 5_000)).code !== 0) continue;
    count++;
    lastMs = began;
  }
  return { count, lastMs };
}

const probe = (container: string) => tryExec(container, ["/usr/local/bin/cluster/healthcheck/is_major_master.sh"]);

test("a primary that is cut off is fenced before another node leads, and comes back as its standby", async () => {
  const cluster = await exampleCluster();
  const old = await cluster.waitWhole();
  const container = await cluster.container(old);
  await cluster.psql(
    old,
    "drop table if exists isolated; create table isolated (id bigint generated always as identity)",
  );
  const ledger = await Ledger.start({ ...monkey, host: (await cluster.address("pgpool"))! });
  await ledger.writes(40);
  assert.equal((await probe(container)).code, 0, "the real primary passes");
  const halt = new AbortController();
  const local = writeLocally(container, halt.signal);

  await cluster.disconnect(old);
  const cutMs = systemClock.nowMs();
  await waitUntil(async () => (await probe(container)).code === 1, {
    what: "the isolated primary to fail its probe",
    deadlineMs: successionMs,
  }, deps);
  const promoted = await cluster.waitSuccessor(old);
  await ledger.writes(20);
  halt.abort();
  const { count, lastMs } = await local;
  const firstOther = ledger.firstAfterLongestGap();
  assert.ok(firstOther > cutMs, "writes went on elsewhere only after the cut");
  assert.ok(count > 4 && lastMs > cutMs, `only ${count} local writes, the last ${lastMs - cutMs} ms after the cut`);
  assert.ok(lastMs < firstOther, `written on both sides: here until ${lastMs - firstOther} ms after the first there`);
  const said = await probe(container);
  assert.equal(said.code, 1, "it still fails its probe");
  assert.match(said.stdout, /false primary: .*lease/);

  await cluster.connect(old);
  await waitUntil(
    async () => {
      const { code } = await probe(container);
      const role = (await cluster.nodeStatus(old))?.postgres.role;
      assert.ok(code === 1 || role === "standby", `it passes its probe as ${role}`);
      return code === 0;
    },
    { what: "the healed node to pass as a standby", deadlineMs: 60_000 },
    deps,
  );
  assert.equal(await cluster.waitWhole(), promoted);
  const report = await ledger.finish({ ...monkey, host: (await cluster.address(promoted))! });
  await cluster.psql(promoted, "drop table isolated");
  // pgpool is cut off from it as well: what the old primary acknowledged after the cut reached no other node
  assertLedger("isolated primary", report, { atLeast: 60, gapMs: successionMs });
});
