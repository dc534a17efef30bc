// Promise: with two primaries in sight pgpool never writes to both. The primary is cut off from the other nodes, pgpool is
// not: it sees the old one and the promoted one.
import assert from "node:assert/strict";
import { test } from "node:test";
import { systemClock, waitUntil } from "../../core/runtime/time.ts";
import { exampleCluster, nodes } from "../support/cluster.ts";
import { inNetworkOf } from "../support/docker.ts";
import { describeReport, Ledger, monkey, queryOnce } from "../support/ledger.ts";

test("pgpool with two primaries in sight writes to one of them only", async () => {
  const cluster = await exampleCluster();
  const old = await cluster.waitWhole();
  const others = nodes.filter((n) => n !== old);
  const oldAddress = (await cluster.address(old))!;
  const ledger = await Ledger.start({ ...monkey, host: (await cluster.address("pgpool"))! });
  await waitUntil(() => Promise.resolve(ledger.count >= 20), { what: "20 writes", deadlineMs: 20_000 }, {
    clock: systemClock,
  });

  // blackhole routes on the other nodes: they no longer reach the old primary, pgpool and barman do
  for (const node of others) await route(await cluster.container(node), "add", oldAddress);
  try {
    const promoted = await waitUntil(() => cluster.primary(others), { what: "a promotion", deadlineMs: 40_000 }, {
      clock: systemClock,
    });
    assert.notEqual(promoted, old);
    const before = ledger.count;
    await waitUntil(() => Promise.resolve(ledger.count >= before + 40), {
      what: "writes to resume",
      deadlineMs: 40_000,
    }, {
      clock: systemClock,
    });
    const status = await cluster.status("pgpool");
    assert.equal(status?.component, "pgpool");
    const writable = status?.component === "pgpool"
      ? status.backends.filter((b) => b.status !== "down" && b.role === "primary").map((b) => b.host)
      : [];
    assert.deepEqual(writable, [promoted]);
    const newest = await readLast(cluster, promoted);
    await waitUntil(
      async () => (await readLast(cluster, promoted)) > newest,
      { what: "more rows", deadlineMs: 10_000 },
      {
        clock: systemClock,
      },
    );
    assert.ok(
      await readLast(cluster, old).catch(() => 0) <= newest,
      "the old primary got no write after the promotion",
    );
  } finally {
    for (const node of others) await route(await cluster.container(node), "del", oldAddress);
  }
  const now = await cluster.waitWhole(90_000);
  assert.notEqual(now, old);
  await cluster.waitPool(["pgmaster", "pgslave1", "pgslave2", "pgslave3"]);
  const report = await ledger.finish({ ...monkey, host: (await cluster.address(now))! });
  console.log(describeReport("cut between nodes, pgpool sees both", report));
});

async function route(container: string, verb: "add" | "del", address: string): Promise<void> {
  await inNetworkOf(container, ["ip", "route", verb, "blackhole", address]);
}

/** The highest number in the newest ledger table of a node. */
async function readLast(cluster: Awaited<ReturnType<typeof exampleCluster>>, node: string): Promise<number> {
  const target = { ...monkey, host: (await cluster.address(node))! };
  return await queryOnce(target, async (sql) => {
    const tables =
      await sql`select relname from pg_class where relname like 'ledger\\_%' and relkind = 'r' order by 1 desc limit 1`;
    const rows = await sql.unsafe(`select coalesce(max(id), 0)::int as last from ${tables[0]?.relname}`);
    return Number(rows[0]?.last);
  });
}
