// What a node says of itself while its server is silent.
import assert from "node:assert/strict";
import { test } from "node:test";
import { cluster, server } from "../../../tests/support/fake-cluster.ts";
import { Observed } from "../state/observed.ts";
import { ownNode } from "./own.ts";

test("a silent or dead server's WAL reaches as far as it has reported, and not only as far as was found before its start", () => {
  const seen = new Observed();
  const own = () => ownNode({ role: seen.role(), ...seen.now });
  seen.dataFound(cluster({ position: { timeline: 7, lsn: "0/3000000" } }));
  seen.serverStarted(0);
  seen.serverSeen({ ...server({ standby: true, timeline: 8, lsn: "0/5000000" }), atMs: 1_000 });
  seen.serverSilent(7_000, 5_000);
  assert.deepEqual([own().role, own().timeline, own().lsn], ["unknown", 8, "0/5000000"]);
  assert.equal(seen.silentMs(7_000), 6_000);
  seen.serverEnded();
  assert.deepEqual([own().role, own().timeline, own().lsn], ["none", 8, "0/5000000"]);
  assert.equal(seen.silentMs(7_000), 0, "it does not run");
  seen.dataFound(cluster({ position: { timeline: 8, lsn: "0/4000000" } }));
  assert.equal(own().lsn, "0/4000000", "a new look at the disk counts");
});
