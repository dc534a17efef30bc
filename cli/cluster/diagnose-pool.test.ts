import assert from "node:assert/strict";
import { test } from "node:test";
import type { PgpoolStatus } from "../../core/protocol/status.ts";
import { sessions } from "./diagnose-pool.ts";

test("a pool whose sessions are used up, or through which no login gets, names what to change", () => {
  const found = (changes: Partial<PgpoolStatus>) =>
    sessions("pool", { sessions: { busy: 1, total: 32 }, noLogin: null, ...changes })
      .map((f) => `${f.level} ${f.about}: ${f.what}; ${f.fix}`).join("\n");
  assert.match(found({ sessions: { busy: 29, total: 32 } }), /^warning pool: 29 of 32 sessions.*num_init_children/);
  const noLogin = "no login gets through: timeout expired";
  assert.match(
    found({ sessions: { busy: 32, total: 32 }, noLogin }),
    /^error pool: all 32 sessions.*num_init_children/,
  );
  assert.match(found({ noLogin }), /^error pool: no login gets through: timeout expired; .*CHECK_PASSWORD/);
  const plain =
    'no login gets through: FATAL: no pg_hba.conf entry for host "10.0.0.9", user "u", database "d", SSL encryption';
  assert.match(found({ noLogin: plain }), /set ssl:off in CONFIGS of pool/);
  assert.match(found({ noLogin: plain.replace("SSL", "no") }), /CHECK_PASSWORD/);
  assert.deepEqual([found({}), found({ sessions: null })], ["", ""]);
});
