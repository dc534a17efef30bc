// How a running standby reaches its upstream: by name, and by the last known address while DNS is silent or late.
import assert from "node:assert/strict";
import { test } from "node:test";
import { server } from "../../../tests/support/fake-cluster.ts";
import { fakeNode, started } from "../../../tests/support/fake-node.ts";
import { observeServer } from "../observe/server.ts";
import { WayToUpstream } from "./follow.ts";

test("a standby gets its upstream's address once while DNS is silent, or late and it does not stream, and loses it later", async () => {
  const f = fakeNode();
  const seen = (upstreamAddress: string | null, streaming = true) =>
    server({ standby: true, upstream: { host: "pg2", port: 5432, streaming }, upstreamAddress });
  let address: string | undefined;
  let silent = false;
  f.node.doors.others.isSilent = () => silent;
  f.node.doors.others.wayTo = (host) => address === undefined ? { host } : { host, hostaddr: address };
  f.world.server = seen(null);
  await started(f);
  const way = new WayToUpstream(f.node);
  const look = async () => {
    await observeServer(f.node);
    await way.keep();
    return f.world.did.splice(0).filter((d) => d !== "start");
  };
  assert.deepEqual(await look(), []);
  address = "10.0.0.2";
  assert.deepEqual(await look(), [], "it streams, and one answer may be late");
  f.world.server = seen(null, false);
  assert.deepEqual(await look(), ["follow pg2", "reload"]);
  f.world.server = seen(null);
  silent = true;
  assert.deepEqual(await look(), ["follow pg2", "reload"]);
  silent = false;
  f.world.server = seen("10.0.0.2");
  assert.deepEqual(await look(), []);
  address = "10.0.0.9";
  f.node.candidacy.begin("a promotion");
  assert.deepEqual(await look(), [], "a promotion comes first");
  f.node.candidacy.settle();
  address = undefined;
  assert.deepEqual(await look(), ["follow pg2", "reload"]);
});

test("a primary, and a standby of nobody, have no way to keep", async () => {
  const f = await started(fakeNode());
  f.node.doors.others.wayTo = (host) => ({ host, hostaddr: "10.0.0.2" });
  const way = new WayToUpstream(f.node);
  for (const none of [server(), server({ standby: true, upstream: null })]) {
    f.world.server = none;
    await observeServer(f.node);
    await way.keep();
  }
  assert.ok(!f.world.did.includes("reload"), f.world.did.join());
});
