// Promise: a primary that is cut off from everybody stops serving before another node leads, says so to its probe, and is a
// standby again by itself when the network heals. Nobody could write to two primaries at any instant.
import assert from "node:assert/strict";
import { test } from "node:test";
import { systemClock, waitUntil } from "../../core/runtime/time.ts";
import { type Cluster, exampleCluster, nodes } from "../support/cluster.ts";
import { tryExec } from "../support/docker.ts";
import { describeReport, Ledger, monkey } from "../support/ledger.ts";

const deps = { clock: systemClock };

/** Writes inside the container over its own socket, which no network cut stops; the time of the last write that worked. */
async function writeLocally(container: string, stop: AbortSignal): Promise<number> {
  let last = 0;
  while (!stop.aborted) {
    const insert = ["psql", "-U", "postgres", "-d", "monkey_db", "-c", "insert into isolated values (default)"];
    const began = systemClock.nowMs();
    if ((await tryExec(container, insert, 5_000)).code === 0) last = Math.max(last, began);
  }
  return last;
}

const probe = (container: string) => tryExec(container, ["/usr/local/bin/cluster/healthcheck/is_major_master.sh"]);

async function newPrimary(cluster: Cluster, old: string): Promise<string> {
  const others = nodes.filter((n) => n !== old);
  return await waitUntil(
    () => cluster.primary(others),
    { what: "a new primary", deadlineMs: 30_000, everyMs: 100 },
    deps,
  );
}

test("an isolated primary is fenced before another node leads, and comes back as its standby", async () => {
  const cluster = await exampleCluster();
  const old = await cluster.waitWhole();
  const container = await cluster.container(old);
  await cluster.psql(
    old,
    "drop table if exists isolated; create table isolated (id bigint generated always as identity)",
  );
  const ledger = await Ledger.start({ ...monkey, host: (await cluster.address("pgpool"))! });
  await waitUntil(() => Promise.resolve(ledger.count >= 20), { what: "writes", deadlineMs: 20_000 }, deps);
  assert.equal((await probe(container)).code, 0, "the real primary passes");
  const halt = new AbortController();
  const local = writeLocally(container, halt.signal);

  await cluster.disconnect(old);
  await waitUntil(async () => (await probe(container)).code === 1, {
    what: "the isolated primary to fail its probe",
    deadlineMs: 15_000,
  }, deps);
  const promoted = await newPrimary(cluster, old);
  const seen = systemClock.nowMs();
  await waitUntil(() => Promise.resolve(ledger.lastAt > seen), { what: "writes to resume", deadlineMs: 30_000 }, deps);
  halt.abort();
  const lastLocal = await local;
  const firstOther = ledger.firstAfterLongestGap();
  assert.ok(lastLocal > 0 && lastLocal < firstOther, `written on both sides: ${lastLocal} here, ${firstOther} there`);
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
  assert.equal(await cluster.waitWhole(60_000), promoted);
  const report = await ledger.finish({ ...monkey, host: (await cluster.address(promoted))! });
  console.log(describeReport("isolated primary", report));
  assert.ok(report.missing.length <= 20, `lost ${report.missing.length} acknowledged writes`);
});
