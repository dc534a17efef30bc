// The settings of a recovery from a backup: where it stops.
import assert from "node:assert/strict";
import { test } from "node:test";
import { renderRecovery } from "./recovery-conf.ts";

const conf = "listen_addresses = '*'\n";

test("the settings of this node come first", () => {
  assert.ok(renderRecovery({ stop: { at: "end" }, timeline: 7 }, conf).startsWith(conf.trimEnd()));
});

test("each stop has its settings, and recovery waits there", () => {
  const of = (stop: Parameters<typeof renderRecovery>[0]["stop"]) => renderRecovery({ stop, timeline: 7 }, conf);
  for (
    const text of [of({ at: "end" }), of({ at: "backup" }), of({ at: "record", lsn: "0/B000100", included: true })]
  ) {
    assert.match(text, /^recovery_target_timeline = 7$/m);
    assert.match(text, /^recovery_target_action = 'pause'$/m);
  }
  assert.doesNotMatch(of({ at: "end" }), /recovery_target(_lsn)? =/);
  assert.match(of({ at: "backup" }), /^recovery_target = 'immediate'$/m);
  assert.match(of({ at: "record", lsn: "0/B000100", included: true }), /^recovery_target_lsn = '0\/B000100'$/m);
});
