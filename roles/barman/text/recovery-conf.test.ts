// The settings of a copy stop recovery where the plan says, and keep it apart from the cluster.
import assert from "node:assert/strict";
import { test } from "node:test";
import { renderCopyConf, stopSettings } from "./recovery-conf.ts";

test("each stop has its setting", () => {
  assert.deepEqual(stopSettings({ at: "end" }), {});
  assert.deepEqual(stopSettings({ at: "backup" }), { recovery_target: "immediate" });
  assert.deepEqual(stopSettings({ at: "record", lsn: "0/0B000100", included: false, mark: null }), {
    recovery_target_lsn: "0/B000100",
    recovery_target_inclusive: "off",
  });
});

test("a copy listens to no network, follows nobody, and asks no agent whether it may end its recovery", () => {
  const conf = renderCopyConf({
    directory: "/tmp/copy",
    backupDir: "/var/backups",
    server: "pg_cluster",
    timeline: 69,
    stop: { at: "end" },
  });
  for (const line of ["listen_addresses = ''", "primary_conninfo = ''", "recovery_end_command = ''"]) {
    assert.ok(conf.includes(`\n${line}\n`), line);
  }
  assert.match(
    conf,
    /^restore_command = '\/usr\/local\/bin\/postdock barman copy-wal \/var\/backups pg_cluster %f %p'$/m,
  );
  assert.match(conf, /^recovery_target_timeline = 69$/m);
});
