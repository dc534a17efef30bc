// Promise: two nodes and a pgpool that votes are three voters. When the primary is lost the other node leads, without a third
// node, and a node that has lost both other voters stops serving. Who asked for it is told of each, in a signed message.
import assert from "node:assert/strict";
import { test } from "node:test";
import { systemClock, waitUntil } from "../../core/runtime/time.ts";
import { ownCluster, startMs } from "../support/clusters.ts";
import { allOf, setEnvironment } from "../support/compose-file.ts";
import { exec, logsOf, tryExec } from "../support/docker.ts";
import { eventKey, receivedEvents, withReceiver } from "../support/event-receiver.ts";
import { Ledger, monkey } from "../support/ledger.ts";
import { assertLedger } from "../support/ledger-report.ts";
import { onNodes, withVoters } from "../support/variants.ts";
import { nothingMs, staysTrueFor, successionMs, wholeMs } from "../support/waits.ts";

const nodes = ["pgmaster", "pgslave1"];
const deps = { clock: systemClock };

test("the pool's vote is enough for a failover between two nodes, and a node alone does not serve", async () => {
  await using cluster = await ownCluster({
    name: "observer",
    edit: allOf(
      withVoters(nodes, ["pgpool"]),
      await withReceiver(),
      onNodes({ ON_EVENT_COMMAND: '["/usr/bin/tee", "-a", "/tmp/events"]' }),
      (file) => setEnvironment(file, "pgpool", { LOG_FORMAT: "text" }),
    ),
  });
  const told = async (event: string) => {
    const arrived = async () => (await receivedEvents(cluster)).includes(event);
    const what = `"${event}" to arrive`;
    await waitUntil(arrived, { what, deadlineMs: wholeMs }, deps);
  };
  await cluster.up([...nodes, "pgpool", "receiver"]);
  const old = await cluster.waitWhole(startMs, nodes);
  await cluster.waitPool(nodes);
  await cluster.waitLease(nodes);
  const ledger = await Ledger.start({ ...monkey, host: (await cluster.address("pgpool"))! });
  await ledger.writes(40);
  await cluster.kill(old);
  const other = await cluster.waitSuccessor(old, nodes, 2 * successionMs);
  await ledger.writes(20);
  const report = await ledger.finish({ ...monkey, host: (await cluster.address(other))! });
  // asynchronous replication may lose writes just before the kill, as with three nodes; none was ever lost here
  assertLedger("two nodes and an observer", report, { atLeast: 60, gapMs: 2 * successionMs });

  await told(`promotion ${other} Promoted`);
  await told(`degraded ${other} Failover safety lost`);
  const toldProgram = await exec(await cluster.container(other), ["cat", "/tmp/events"]);
  assert.match(toldProgram, /"event":"Promoted".*"epoch":\d/);
  const asText = await logsOf(await cluster.container("pgpool"));
  assert.match(asText, new RegExp(`^\\S+Z INFO    Primary in sight backend=\\d host=${other} timeline=\\d+$`, "m"));
  assert.doesNotMatch(asText, /^\{/m);

  await cluster.kill("pgpool");
  const container = await cluster.container(other);
  const stopped = async () => (await tryExec(container, ["pgrep", "-x", "postgres"])).code === 1;
  const what = "the node without a majority to be fenced";
  await waitUntil(stopped, { what, deadlineMs: 2 * successionMs }, deps);
  await told(`fence ${other} Fenced`);
  assert.ok(!(await logsOf(container)).includes(eventKey), "the key is in no log");
  const isHarmless = async () => {
    const ask = ["psql", "-U", "postgres", "-d", "postgres", "-XAtc", "select pg_is_in_recovery()"];
    const [, said] = await Promise.all([cluster.answer(other), tryExec(container, ask)]);
    return said.stdout.trim() !== "f";
  };
  await staysTrueFor(2 * nothingMs, isHarmless, { what: `${other} answers, and is not read-write alone` });
  await cluster.start("pgpool");
  await cluster.start(old);
  const primary = await cluster.waitWhole(undefined, nodes);
  assert.ok(nodes.includes(primary));

  // the pool remembers the cluster, so a first node that was emptied makes no other while the one with data is away
  await cluster.kill("pgslave1");
  await cluster.wipe("pgmaster");
  const waits = async () =>
    /the voter pgpool has granted an epoch/.test((await cluster.nodeStatus("pgmaster"))?.because ?? "");
  await waitUntil(waits, { what: "the emptied node to wait for the data", deadlineMs: wholeMs }, deps);
  await cluster.start("pgslave1");
  assert.equal(await cluster.waitWhole(undefined, nodes), "pgslave1");
});
