// Every setting that is not as it should be is named with its value, its file and what to type; one that was raised comes down.
import assert from "node:assert/strict";
import { test } from "node:test";
import { standbyPeer } from "../../../tests/support/peer.ts";
import { fakeConfig, soundFacts } from "../../../tests/support/fake-cluster.ts";
import { findSettingTroubles, type SettingsSeen, type SettingsView } from "./settings.ts";
import { startsAgain } from "./starts-again.ts";

const sound: SettingsSeen = {
  wrong: [],
  waiting: [],
  inForce: [
    { name: "logging_collector", value: "off" },
    { name: "log_destination", value: "stderr" },
    { name: "log_min_messages", value: "warning" },
    { name: "lc_messages", value: "en_US.utf8" },
  ],
  ofRoles: [],
  toArchive: null,
  facts: soundFacts,
};
const raised = { name: "max_connections", own: 100, primary: 300, needed: true };
const auto = { file: "/data/postgresql.auto.conf", line: 4 };

function found(changes: Partial<SettingsView>, seen: Partial<SettingsSeen> = {}): string[] {
  const view = { config: fakeConfig(), role: "standby" as const, raised: [], altered: [], ...changes };
  return findSettingTroubles({ ...view, seen: { ...sound, ...seen } }).map((t) => `${t.because}; ${t.fix}`);
}
const only = (texts: string[]) => (assert.equal(texts.length, 1, texts.join("\n")), texts[0]!);

test("a server in order has no trouble, with CONFIGS that ALTER SYSTEM repeats", () => {
  const config = fakeConfig({ CONFIGS: "work_mem:5MB" });
  assert.deepEqual(found({ config, altered: [{ name: "work_mem", value: "5MB", line: 3 }] }), []);
});

test("a raised setting is named: lower the primary first, then the primary is stopped in place, then the standby waits", () => {
  assert.match(
    only(found({ raised: [raised] })),
    /on pg1 max_connections is 300 and not 100: raised.*lower it on the primary/,
  );
  assert.match(
    only(found({ raised: [raised], role: "primary" })),
    /container of pg1: gosu postgres pg_ctl stop; .* with what is set, and the standbys follow/,
  );
  const both = [raised, { ...raised, name: "max_wal_senders", own: 10, primary: 12 }];
  assert.match(
    only(found({ raised: both, role: "primary" })),
    /300 and not 100, max_wal_senders is 12 and not 10: raised/,
  );
  assert.match(only(found({ raised: [{ ...raised, needed: false }] })), /wait until all others stream; or type/);
});

test("what PostgreSQL does not take, and what waits for a restart, is named with file and line", () => {
  const wrong = { ...auto, name: "ssl_cert_file", value: "no.crt", error: "setting could not be applied" };
  assert.match(
    only(found({}, { wrong: [wrong] })),
    /ssl_cert_file = no.crt \(postgresql.auto.conf, line 4\): .* on pg1: alter system reset ssl_cert_file/,
  );
  const waiting = { name: "shared_buffers", now: "128MB", next: { ...auto, value: "256MB" } };
  assert.match(
    only(found({}, { waiting: [waiting] })),
    /shared_buffers waits .*128MB is in force, 256MB stands in postgresql.auto.conf, line 4; .*pg_ctl stop.*reset shared_buffers/,
  );
  assert.match(only(found({}, { waiting: [{ ...waiting, next: null }] })), /PostgreSQL's own value is to come/);
  assert.deepEqual(found({}, { waiting: [{ ...waiting, name: "recovery_target_lsn" }] }), []);
});

test("ALTER SYSTEM over CONFIGS, a log that the agent cannot read, roles that void the promise, and a full archive are named", () => {
  const config = fakeConfig({ CONFIGS: "work_mem:5MB", CONSISTENCY: "strict" });
  const altered = [{ name: "work_mem", value: "4MB", line: 3 }];
  assert.match(
    only(found({ config, altered })),
    /CONFIGS set work_mem to 5MB on pg1, but ALTER SYSTEM has set it to 4MB/,
  );
  for (
    const [name, value] of [["logging_collector", "on"], ["log_min_messages", "panic"], ["log_destination", "csvlog"]]
  ) {
    assert.match(
      only(found({}, { inForce: [{ name: name!, value: value! }] })),
      new RegExp(`${name} is ${value}, so that`),
    );
  }
  const ofRoles = [{ of: "role app", name: "synchronous_commit", value: "off" }];
  assert.match(only(found({ config }, { ofRoles })), /role app has synchronous_commit = off.*alter role app reset/);
  assert.deepEqual(found({}, { ofRoles }), [], "eventual promises nothing of it");
  assert.match(
    only(found({}, { inForce: [{ name: "fsync", value: "off" }] })),
    /fsync is off.*can destroy.*alter system reset/,
  );
  const commits = [{ name: "synchronous_commit", value: "off" }];
  assert.match(
    only(found({ config }, { inForce: commits })),
    /synchronous_commit is off, and CONSISTENCY is .*would not wait.*alter system reset synchronous_commit/,
  );
  assert.deepEqual(found({}, { inForce: commits }), [], "eventual promises nothing of it");
  assert.match(only(found({}, { toArchive: 65 })), /65 WAL files wait for archive_command/);
  assert.deepEqual(found({}, { toArchive: 64 }), []);
});

const primary = { host: "pg1", systemIdentifier: "7", timeline: 1, history: [], origin: null };

test("a standby comes down once the primary has lowered the setting and all stream, one standby after the other", () => {
  const lowered = [{ ...raised, needed: false }];
  const leader = standbyPeer("pg1", 1, { role: "primary", streaming: false });
  const peers = [leader, standbyPeer("pg2", 2, { streaming: true })];
  const asks = (changes: object = {}, seen: object = {}, what = lowered) =>
    startsAgain(what, { self: "pg3", streaming: true, sinceMs: 30_000, ...changes }, { peers, primary, ...seen });
  assert.match(asks()!, /max_connections was raised .* the primary has lowered it/);
  assert.equal(asks({ sinceMs: 4_000 }), null, "pg2 comes first");
  assert.notEqual(asks({ self: "pg0", sinceMs: 0 }), null, "nobody comes before it");
  assert.equal(asks({ streaming: false }), null);
  assert.equal(asks({}, { primary: null }), null);
  assert.equal(asks({}, { peers: [leader, standbyPeer("pg2", 2, { streaming: false })] }), null, "pg2 is away");
  assert.equal(asks({}, { peers: [...peers, { host: "pg4", seen: "unreachable", error: "" }] }), null);
  assert.equal(asks({}, {}, [raised]), null, "the primary still has it");
});
