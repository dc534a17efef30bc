// What a script may wait for: its forms, what reaches it, and why it is not reached.
import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock } from "../../tests/support/fake-clock.ts";
import { clusterOf, pool } from "../../tests/support/seen-cluster.ts";
import type { Cluster } from "./gather.ts";
import { parseGoal, parseTimeout, unmet } from "./goal.ts";
import { waitFor } from "./wait.ts";

const refusal = (f: () => unknown): string => {
  try {
    f();
    return "accepted";
  } catch (error) {
    const { message, exitCode } = error as Error & { exitCode: number };
    return `${exitCode} ${message}`;
  }
};
const why = (goal: string, cluster: Cluster) => unmet(parseGoal(goal), cluster);

test("each form of a goal is accepted, and every other is refused with the accepted forms", () => {
  assert.deepEqual(parseGoal("healthy"), { is: "healthy" });
  assert.deepEqual(parseGoal("primary=pg2"), { is: "primary", node: "pg2" });
  assert.deepEqual(parseGoal(" lag < 16MB "), { is: "lag", belowBytes: 16 * 1024 ** 2 });
  for (
    const bad of ["", "health", "healthy=1", "primary", "primary=", "lag<", "lag<0", "lag<5s", "lag=16MB", "lag>1MB"]
  ) {
    assert.match(
      refusal(() => parseGoal(bad)),
      /^64 .*nothing to wait for. Fix: type --for healthy, --for primary=NODE/,
      bad,
    );
  }
  assert.match(refusal(() => parseGoal(undefined)), /^64 It is not said what to wait for/);
  assert.deepEqual([parseTimeout(), parseTimeout("30s"), parseTimeout("24h")], [60_000, 30_000, 86_400_000]);
  for (const bad of ["", "soon", "25h", "-1"]) {
    assert.match(refusal(() => parseTimeout(bad)), /^64 .*is not a time to wait. Fix: .*30s/, bad);
  }
});

test("a healthy cluster has no error of doctor; one that cannot be seen is not healthy", () => {
  assert.equal(why("healthy", clusterOf()), null);
  assert.equal(why("healthy", { members: [], nodes: [], primary: null }), "no node can be seen");
  assert.match(why("healthy", clusterOf({ nodes: { pg3: null } })) ?? "", /pg3: does not answer over HTTP: connect/);
  const unled = { ...clusterOf({ nodes: { pg1: null } }) };
  assert.match(why("healthy", unled) ?? "", /cluster: no primary/);
});

test("a node is primary by its host or its NODE_NAME; an unknown name is said to be unknown", () => {
  assert.equal(why("primary=pg1", clusterOf()), null);
  assert.equal(why("primary=node1", clusterOf()), null);
  assert.equal(why("primary=pg2", clusterOf()), "pg1 is the primary");
  assert.match(
    why("primary=pg9", clusterOf({ others: { pool } })) ?? "",
    /^pg1 is .*no node is called pg9, known are pg1, pg2, pg3, pool$/,
  );
  assert.equal(why("primary=pg1", clusterOf({ nodes: { pg1: null } })), "no primary is in sight");
});

test("the lag is that of every standby, and what is not known is not below it", () => {
  const postgres = (changes: object) => ({ postgres: { ...clusterOf().nodes[1]!.status.postgres, ...changes } });
  const lag = (pg2: object) => why("lag<16MB", clusterOf({ nodes: { pg2: postgres(pg2) } }));
  assert.equal(lag({ lagBytes: 1 }), null);
  assert.equal(lag({ lagBytes: 16 * 1024 ** 2 }), "pg2 is 16.0 MB behind");
  assert.equal(lag({ lagBytes: null }), "how far pg2 is behind is not known");
  assert.equal(lag({ upstream: null, lagBytes: 0 }), "pg2 does not stream");
  assert.equal(lag({ role: "none" }), "pg2 is not a running standby");
  assert.equal(
    why("lag<16MB", clusterOf({ nodes: { pg2: null } })),
    "pg2 cannot be seen",
  );
  assert.equal(why("lag<16MB", clusterOf({ nodes: { pg1: null } })), "no primary is in sight");
});

test("wait returns as soon as the goal is reached, and at the deadline with the reason", async () => {
  const clock = new FakeClock();
  let now = clusterOf({ nodes: { pg1: null } });
  const look = () => Promise.resolve(now);
  const late = waitFor({ is: "primary", node: "pg1" }, 1_700, look, clock);
  await clock.pass(1_700);
  assert.deepEqual(await late, { because: "no primary is in sight", waitedMs: 1_700 });
  const reached = waitFor({ is: "primary", node: "pg1" }, 60_000, look, clock);
  await clock.pass(900);
  now = clusterOf();
  await clock.pass(100);
  assert.deepEqual(await reached, { because: null, waitedMs: 1_000 });
});
