// Promise: two database nodes and a pgpool that votes are three voters: when the primary is lost the other node leads, without a
// third database node; and a node that has lost both others does not go on alone.
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { systemClock, waitUntil } from "../../core/runtime/time.ts";
import { Cluster } from "../support/cluster.ts";
import { tryExec } from "../support/docker.ts";
import { Ledger, monkey } from "../support/ledger.ts";
import { withVoters } from "../support/variants.ts";

const nodes = ["pgmaster", "pgslave1"];
const deps = { clock: systemClock };

test("the pool's vote is enough for a failover between two nodes, and alone nobody serves", async () => {
  const cluster = await Cluster.prepare({ name: "observer", compose: "v2", edit: withVoters(nodes, ["pgpool"]) });
  after(() => cluster.down());
  await cluster.up([...nodes, "pgpool"]);
  const old = await cluster.waitWhole(90_000, nodes);
  await cluster.waitPool(nodes);
  await cluster.waitLease(nodes);
  const ledger = await Ledger.start({ ...monkey, host: (await cluster.address("pgpool"))! });
  await cluster.kill(old);
  const other = nodes.find((n) => n !== old)!;
  await waitUntil(
    async () => await cluster.primary([other]) === other,
    { what: "the other node", deadlineMs: 30_000 },
    deps,
  );
  const goal = ledger.count + 20;
  await waitUntil(() => Promise.resolve(ledger.count >= goal), { what: "writes", deadlineMs: 30_000 }, deps);
  await ledger.stop();

  await cluster.kill("pgpool");
  const container = await cluster.container(other);
  await waitUntil(async () => (await tryExec(container, ["pgrep", "-x", "postgres"])).code === 1, {
    what: "the node without a majority to be fenced",
    deadlineMs: 15_000,
  }, deps);
  await cluster.start("pgpool");
  await cluster.start(old);
  const primary = await cluster.waitWhole(60_000, nodes);
  assert.ok(nodes.includes(primary));
});
