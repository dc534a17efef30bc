// Promise: a node whose root may not signal other accounts' processes (no CAP_KILL, as in hardened containers) hands over at a
// stop and is fenced when its lease ends, like any other. A refused signal never counts as the end of a server.
import assert from "node:assert/strict";
import { test } from "node:test";
import { systemClock, waitUntil } from "../../core/runtime/time.ts";
import { firstLevel } from "../support/cluster.ts";
import { ownCluster } from "../support/clusters.ts";
import { serviceOf } from "../support/compose-file.ts";
import { exec, logsOf, stateOf } from "../support/docker.ts";
import { Ledger, monkey } from "../support/ledger.ts";
import { assertLedger } from "../support/ledger-report.ts";
import { successionMs } from "../support/waits.ts";

const deps = { clock: systemClock };

test("without CAP_KILL: a stop hands over, and a primary that is cut off is fenced before another node leads", async () => {
  await using cluster = await ownCluster({
    name: "nokill",
    edit: (file) => firstLevel.forEach((node) => serviceOf(file, node).cap_drop = ["KILL"]),
  });
  await cluster.up([...firstLevel, "pgpool"]);
  await cluster.waitWhole(undefined, firstLevel);
  await cluster.waitLease(firstLevel);
  const first = (await cluster.primary(firstLevel))!;
  const firstContainer = await cluster.container(first);
  const mayKill = await exec(firstContainer, [
    "sh",
    "-c",
    'kill -0 "$(head -n 1 "$PGDATA/postmaster.pid")" || echo refused',
  ]);
  assert.match(mayKill, /refused/, "the test is about a root that may not signal PostgreSQL");
  const ledger = await Ledger.start({ ...monkey, host: (await cluster.address("pgpool"))! });
  await ledger.writes(40);

  const stoppedAt = systemClock.nowMs();
  await cluster.stop(first);
  assert.ok(systemClock.nowMs() - stoppedAt < 10_000, "it ends by itself, before the engine kills it");
  assert.equal((await stateOf(firstContainer)).exitCode, 0);
  assert.match(await logsOf(firstContainer), /"event":"Handed over"/);
  await ledger.writes(40);
  await cluster.start(first);
  await cluster.waitWhole(undefined, firstLevel);

  const second = (await cluster.primary(firstLevel))!;
  const container = await cluster.container(second);
  await cluster.disconnect(second);
  const running = async () => Number((await exec(container, ["bash", "-c", "pgrep -x postgres | wc -l"])).trim());
  const next = await waitUntil(
    async () => {
      const leader = await cluster.primary(firstLevel.filter((n) => n !== second));
      if (leader !== null) {
        assert.equal(await running(), 0, "no process of the old server lives once another node leads");
      }
      return leader;
    },
    { what: "another node to lead", deadlineMs: successionMs },
    deps,
  );
  await ledger.writes(40);
  await cluster.connect(second);
  await cluster.waitWhole(undefined, firstLevel);
  const report = await ledger.finish({ ...monkey, host: (await cluster.address(next))! });
  assertLedger("without CAP_KILL", report, { atLeast: 120, gapMs: successionMs });
});
