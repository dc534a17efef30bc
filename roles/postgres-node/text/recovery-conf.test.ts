// The settings of a recovery from a backup: where it stops, and nothing lower than the primary had.
import assert from "node:assert/strict";
import { test } from "node:test";
import { renderRecovery } from "./recovery-conf.ts";

const control = [
  "max_connections setting:              300",
  "max_worker_processes setting:         8",
  "max_wal_senders setting:              10",
  "max_prepared_xacts setting:           0",
  "max_locks_per_xact setting:           64",
].join("\n");
const conf = "listen_addresses = '*'\nmax_connections = '100'\n";

test("what follows wins over what this node has, so a lower setting is raised, and a higher one stays", () => {
  const text = renderRecovery({ stop: { at: "end" }, timeline: 7 }, control, conf);
  assert.ok(text.startsWith(conf.trimEnd()));
  assert.match(text, /^max_connections = '300'$/m);
  assert.doesNotMatch(text, /max_wal_senders|max_worker_processes/);
  const high = renderRecovery({ stop: { at: "end" }, timeline: 7 }, control, "max_connections = '500'\n");
  assert.equal(high.match(/max_connections/g)?.length, 1);
});

test("each stop has its settings, and recovery waits there", () => {
  const of = (stop: Parameters<typeof renderRecovery>[0]["stop"]) =>
    renderRecovery({ stop, timeline: 7 }, control, conf);
  for (
    const text of [of({ at: "end" }), of({ at: "backup" }), of({ at: "record", lsn: "0/B000100", included: true })]
  ) {
    assert.match(text, /^recovery_target_timeline = '7'$/m);
    assert.match(text, /^recovery_target_action = 'pause'$/m);
  }
  assert.doesNotMatch(of({ at: "end" }), /recovery_target(_lsn)? =/);
  assert.match(of({ at: "backup" }), /^recovery_target = 'immediate'$/m);
  assert.match(of({ at: "record", lsn: "0/B000100", included: true }), /^recovery_target_lsn = '0\/B000100'$/m);
});
