// Nothing on a server in recovery is lower than what the primary had.
import assert from "node:assert/strict";
import { test } from "node:test";
import { tooLow, withRaised } from "./raised-settings.ts";

const control = [
  "max_connections setting:              300",
  "max_worker_processes setting:         8",
  "max_wal_senders setting:              10",
  "max_prepared_xacts setting:           0",
  "max_locks_per_xact setting:           128",
].join("\n");

const raise = (conf: string, autoConf = "") => {
  const raised = tooLow({ conf, autoConf }, control);
  return { text: withRaised(conf, raised), raised: raised.map((r) => [r.name, r.own, r.primary]) };
};

test("what follows wins over what this node has, so a lower setting is raised, and a higher one stays", () => {
  const conf = "listen_addresses = '*'\nmax_connections = 100\n";
  const { text, raised } = raise(conf);
  assert.ok(text.startsWith(conf.trimEnd()));
  assert.match(text, /^max_connections = 300$/m);
  assert.match(text, /^max_locks_per_transaction = 128$/m, "PostgreSQL's default counts where nothing is set");
  assert.doesNotMatch(text, /max_wal_senders|max_worker_processes/);
  assert.deepEqual(raised, [["max_connections", 100, 300], ["max_locks_per_transaction", 64, 128]]);
});

test("a node that has enough keeps its file as it is; what ALTER SYSTEM has set here counts more", () => {
  const conf = "max_connections = 500\nmax_locks_per_transaction = 128\n";
  assert.deepEqual(raise(conf), { text: conf, raised: [] });
  assert.deepEqual(raise(conf, "max_connections = '50'\n").raised, [["max_connections", 50, 300]]);
  assert.deepEqual(raise("", "max_connections = '300'\nmax_locks_per_transaction = '200'\n").raised, []);
});
