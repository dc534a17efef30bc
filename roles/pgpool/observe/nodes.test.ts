// What the nodes said is put together only if it can be true at one time.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Backend } from "../../../config/list-syntax.ts";
import type { AskHow, Peers } from "../../../core/client/peers.ts";
import { FakeClock } from "../../../tests/support/fake-clock.ts";
import { says } from "../../../tests/support/fake-cluster.ts";
import { decideTruth } from "../decide/truth.ts";
import { watchNodes } from "./nodes.ts";

test("a standby that knows of the first majority sooner than the primary's last report does not unseat the primary", async () => {
  const clock = new FakeClock();
  const stop = new AbortController();
  let joined = false;
  const lease = { ...says("pg1").lease, mode: "off" as const, held: false };
  const primary = () => says("pg1", { everHadMajority: joined, lease }, { standby: false });
  const standby = () => says("pg2", { everHadMajority: joined, lease });
  const askNode = async (host: string, { since }: AskHow) => {
    // the primary's answer to a question for changes is still on its way; the standby's is here
    if (since !== undefined) await clock.sleep(host === "pg1" ? 900 : 100);
    return { host, seen: "reached" as const, status: host === "pg1" ? primary() : standby() };
  };
  const backends = ["pg1", "pg2"].map((host, id) => ({ id, host, port: 5432 })) as Backend[];
  const peers = {} as Peers;
  const watch = watchNodes(backends, { clock, stop: stop.signal, peers, client: { askNode } });
  await watch.first;
  const chosen = () => decideTruth(watch.seen(), null).primary;
  assert.equal(chosen(), 0);
  joined = true;
  await clock.pass(200);
  assert.deepEqual(watch.seen().map((n) => n.report?.everHadMajority), [true, true]);
  assert.equal(chosen(), 0);
  stop.abort();
  await clock.pass(1_000);
});
