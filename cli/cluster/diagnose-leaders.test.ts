// Whether all agree on which node leads, and whether another could take over.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { NodeStatus, PgpoolStatus } from "../../core/protocol/status.ts";
import { clusterOf, type Given, pool } from "../../tests/support/seen-cluster.ts";
import { leaders } from "./diagnose-leaders.ts";

const found = (given: Given = {}) =>
  leaders(clusterOf(given)).map((f) => `${f.level} ${f.about}: ${f.what}; ${f.fix}`).join("\n");
const postgres = (changes: Partial<NodeStatus["postgres"]>) => ({
  postgres: { ...clusterOf().nodes[2]!.status.postgres, ...changes },
});

test("a cluster in order, and one without a primary, have none of these findings", () => {
  assert.equal(found(), "");
  assert.equal(found({ others: { pool } }), "");
  assert.equal(found({ nodes: { pg1: null } }), "");
});

test("a second primary is named with both timelines, and with the holder of the lease", () => {
  assert.match(
    found({ nodes: { pg3: postgres({ role: "primary", upstream: null, timeline: 2 }) } }),
    /^error pg3: says it is primary as well: on timeline 2; the primary is pg1 on timeline 1, which holds the lease/,
  );
});

test("data of another cluster, and data that have diverged, are errors", () => {
  assert.match(
    found({ nodes: { pg3: postgres({ systemIdentifier: "8" }) } }),
    /^error pg3: has the data of another cluster: its system identifier is 8, not 7; .*reinit pg3/,
  );
  const cut = { upstream: null };
  assert.match(
    found({ nodes: { pg3: postgres({ ...cut, timeline: 2 }) } }),
    /^error pg3: has diverged from the primary: it is on timeline 2, the primary pg1 on 1/,
  );
  assert.match(
    found({ nodes: { pg3: postgres({ ...cut, lsn: "0/3000400" }) } }),
    /^error pg3: has diverged from the primary: it has 1.0 kB of WAL beyond the end of the primary pg1/,
  );
  // the two were not looked at in the same moment
  assert.doesNotMatch(found({ nodes: { pg3: postgres({ lsn: "0/3000400" }) } }), /diverged/);
});

test("a pool that writes elsewhere, or keeps a backend that does not serve, is named", () => {
  const others = (changes: Partial<PgpoolStatus>) => ({ others: { pool: { ...pool, ...changes } as PgpoolStatus } });
  assert.match(
    found(others({ primary: "pg2" })),
    /^error pool: sends writes to another node than the primary: to pg2, but pg1 is the primary/,
  );
  const backends = pool.backends.map((b) => b.host === "pg3" ? { ...b, truth: "unreachable" as const } : b);
  assert.match(
    found(others({ backends })),
    /^warning pool: backend 2 \(pg3\) is attached, and does not serve: it is unre/,
  );
});

test("where no standby could be promoted, each says why, unless another finding has said it", () => {
  const never = { pg2: { priority: 0 }, pg3: { priority: 0 } };
  assert.match(
    found({ nodes: never }),
    /^warning cluster: no standby would take over if pg1 died now: pg2: NODE_PRIORITY is 0; pg3: NODE_PRIORITY is 0;/,
  );
  assert.equal(found({ nodes: { ...never, pg2: null } }), "");
  assert.equal(found({ nodes: { ...never, pg3: { priority: 0, paused: { on: true, count: 1, atMs: 0 } } } }), "");
});
