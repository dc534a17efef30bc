// Known passwords, old settings, versions that differ, and more connections than the nodes take.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { NodeStatus, PgpoolStatus } from "../../core/protocol/status.ts";
import { soundFacts } from "../../tests/support/fake-cluster.ts";
import { clusterOf, pool } from "../../tests/support/seen-cluster.ts";
import { configuration } from "./diagnose-config.ts";

const quiet = { publishedPasswords: [], oldSettings: [] };
function found(changes: Record<string, Partial<NodeStatus>>, pools: Record<string, Partial<PgpoolStatus>> = {}) {
  const nodes = Object.fromEntries(["pg1", "pg2", "pg3"].map((host) => [host, { ...quiet, ...changes[host] }]));
  const others = Object.fromEntries(Object.entries(pools).map(([host, c]) => [host, { ...pool, ...c }]));
  return configuration(clusterOf({ nodes, others })).map((f) => `${f.level} ${f.about}: ${f.what}; ${f.fix}`);
}

test("containers of an older release, and those in order, have no findings", () => {
  assert.deepEqual(found({}), []);
  assert.deepEqual(found({ pg2: { server: undefined, publishedPasswords: undefined, oldSettings: undefined } }), []);
  assert.deepEqual(found({ pg2: { server: null } }), []);
});

test("passwords that everybody knows are one finding, with all variables and containers", () => {
  const known = { publishedPasswords: ["REPLICATION_PASSWORD"] };
  const [one, ...more] = found({ pg1: known, pg3: known }, { pool: { publishedPasswords: ["DB_USERS (monkey)"] } });
  assert.match(
    one!,
    /^warning cluster: passwords that .* are in use: REPLICATION_PASSWORD on pg1, pg3; DB_USERS \(monkey\) on pool; set others/,
  );
  assert.deepEqual(more, []);
  assert.match(
    found({}, { pool: { publishedPasswords: ["PCP_PASSWORD"] } }).join(),
    /^warning pool: .*PCP_PASSWORD on pool/,
  );
});

test("the key of the agents hangs on a known REPLICATION_PASSWORD, and the consequence says so", () => {
  const known = clusterOf({ nodes: { pg1: { publishedPasswords: ["REPLICATION_PASSWORD"] } } });
  assert.match(configuration(known)[0]!.consequence, /without CLUSTER_KEY can give orders to the agents/);
});

test("a setting under an old name is named with what to do", () => {
  const old = { oldSettings: ["CONFIGS: wal_keep_segments became wal_keep_size"] };
  assert.match(
    found({ pg2: old }).join(),
    /^warning pg2: CONFIGS: wal_keep_segments became wal_keep_size: on pg2; correct/,
  );
});

test("a variable that nothing reads is named once, with where it is set and what became of it", () => {
  const set = { strangers: ["NOTVISIBLE is no longer read: 1.x did not read it either"] };
  const [one, ...more] = found({ pg1: set, pg3: set }, { pool: { strangers: ["BACKEND is not a variable"] } });
  assert.match(one!, /^warning cluster: NOTVISIBLE is no longer read: .*: it is set on pg1, pg3; correct the name, or/);
  assert.match(more.join(), /^warning pool: BACKEND .* set on pool;/);
});

test("versions of PostgreSQL that differ are listed", () => {
  const [one] = found({ pg2: { server: { ...soundFacts, version: "17.5" } } });
  assert.match(one!, /^warning cluster: the versions of PostgreSQL differ: pg1 17.6, pg2 17.5, pg3 17.6; finish the/);
});

test("what all pools may open is compared with what each node takes", () => {
  assert.deepEqual(found({}, { pool: { mayOpen: 97 } }), []);
  const [one] = found({ pg3: { server: { ...soundFacts, connections: 200 } } }, {
    a: { mayOpen: 64 },
    b: { mayOpen: 64 },
  });
  assert.match(
    one!,
    /^warning cluster: max_connections is lower .*: a 64, b 64; .* on pg1 97, pg2 97; raise max_connections/,
  );
});
