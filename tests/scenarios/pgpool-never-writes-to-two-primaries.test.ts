// Promise: with two primaries in sight pgpool never writes to both. The primary is cut off from the other nodes but not from
// pgpool, which sees both primaries until the lease of the old one ends.
import assert from "node:assert/strict";
import { test } from "node:test";
import { systemClock, waitUntil } from "../../core/runtime/time.ts";
import { type Cluster, nodes } from "../support/cluster.ts";
import { exampleCluster } from "../support/clusters.ts";
import { exec, tryExec } from "../support/docker.ts";
import { strike } from "../support/faults/strike.ts";
import { Ledger, monkey } from "../support/ledger.ts";
import { describeReport } from "../support/ledger-report.ts";
import { leaseTtlMs, successionMs, wholeMs } from "../support/waits.ts";

const idsOf = (text: string) => text.split("\n").filter((line) => line !== "").map(Number);

test("pgpool with two primaries in sight writes to one of them only", async () => {
  const cluster = await exampleCluster();
  const old = await cluster.waitWhole();
  const ledger = await Ledger.start({ ...monkey, host: (await cluster.address("pgpool"))! });
  await ledger.writes(40);

  // messages of the other nodes to the old primary are lost, so it has no majority; pgpool and barman still reach it
  const others = nodes.filter((n) => n !== old);
  const heal = await strike({ kind: "one-way", targets: others, from: [old], lastsMs: 0 }, cluster);
  const cutMs = systemClock.nowMs();
  let there: number[];
  let promoted: string;
  try {
    promoted = await cluster.waitSuccessor(old);
    await ledger.writes(40);
    const status = await cluster.status("pgpool");
    assert.ok(status?.component === "pgpool", "pgpool answers");
    const writable = status.backends.filter((b) => b.status !== "down" && b.role === "primary").map((b) => b.host);
    assert.deepEqual(writable, [promoted]);
    await ledger.writes(40);
    there = idsOf(await readStopped(cluster, old, ledger.selectRows));
  } finally {
    await heal();
  }
  assert.equal(await cluster.waitWhole(), promoted);
  await cluster.waitPool();
  await ledger.stop();

  const here = idsOf(await cluster.psql(promoted, ledger.selectRows));
  const onlyThere = there.filter((id) => !here.includes(id));
  const onlyHere = here.filter((id) => !there.includes(id));
  const acknowledged = ledger.acknowledgedAt;
  assert.ok(there.length >= 40 && onlyHere.length >= 80, `${there.length} rows there, ${onlyHere.length} only here`);
  assert.ok(Math.max(0, ...onlyThere) < Math.min(...onlyHere), `a write to ${old} came after one to ${promoted}`);
  // it was the primary until its lease ended, and replication is asynchronous: what it acknowledged then was nowhere else
  const afterLease = onlyThere.filter((id) => (acknowledged.get(id) ?? 0) > cutMs + leaseTtlMs);
  assert.deepEqual(afterLease, [], `${old} acknowledged after its lease had ended`);
  let rows: number[] = [];
  const same = async () => (rows = idsOf(await cluster.psql(old, ledger.selectRows))).join() === here.join();
  const what = `${old} to have what ${promoted} has, and no more`;
  await waitUntil(same, { what, deadlineMs: wholeMs, why: () => `it has ${rows}` }, { clock: systemClock });

  const report = await ledger.finish({ ...monkey, host: (await cluster.address(promoted))! });
  console.log(describeReport(`cut between nodes; ${onlyThere.length} rows were on ${old} only`, report));
  assert.deepEqual(report.missing, onlyThere.filter((id) => acknowledged.has(id)), "nothing else is missing");
  assert.ok(report.longestGapMs <= successionMs);
});

/**
 * The answer to a query on a node whose server is stopped: a copy of its data is started for it, behind its own socket. The
 * agent looks for processes that its server left several times meanwhile, and leaves the copy's server alone.
 */
async function readStopped(cluster: Cluster, node: string, sql: string): Promise<string> {
  const container = await cluster.container(node);
  const stopped = async () => (await tryExec(container, ["pgrep", "-x", "postgres"])).code === 1;
  await waitUntil(stopped, { what: `PostgreSQL on ${node} to have ended`, deadlineMs: successionMs }, {
    clock: systemClock,
  });
  const server = "-c listen_addresses= -c unix_socket_directories=/tmp -c port=5999 -c shared_preload_libraries= " +
    "-c primary_conninfo= -c recovery_end_command= -c synchronous_standby_names=";
  const script = `set -e; trap 'gosu postgres pg_ctl -D /tmp/look -m immediate stop > /dev/null; rm -rf /tmp/look' EXIT
    rm -rf /tmp/look; cp -a $PGDATA /tmp/look; rm -f /tmp/look/postmaster.pid; cd /tmp
    gosu postgres pg_ctl -D /tmp/look -w -l /tmp/look/look.log -o "${server}" start > /dev/null || { cat /tmp/look/look.log >&2; exit 1; }
    gosu postgres psql -h /tmp -p 5999 -XAtq -v ON_ERROR_STOP=1 -d monkey_db -c "do 'begin perform pg_sleep(2); end'" -c "${sql}"`;
  return await exec(container, ["bash", "-c", script], 60_000);
}
