// Tests of the rendered files: whole, without passwords, and safe against odd names.
import assert from "node:assert/strict";
import { test } from "node:test";
import { usualVersions } from "../../../config/image-versions.ts";
import {
  listRecordPath,
  renderBarmanConf,
  renderListConf,
  renderPassfile,
  renderServerConf,
  renderStandbyConf,
  standbyConfPath,
} from "./barman-conf.ts";

const input = {
  serverName: "pg_cluster",
  backupDir: "/var/backups",
  slotName: "barman_the_backupper",
  retentionDays: 30,
  retentionCount: 0,
  rateKb: 0,
  compression: "none" as const,
  postgresUser: "monkey_user",
  postgresDb: "monkey_db",
  replicationUser: "replication_user",
  replicationPort: 5432,
  connectTimeoutSeconds: 20,
  hostAuthMethod: "scram-sha-256" as const,
  tls: "off" as const,
  imageVersions: usualVersions,
};

test("the server file names the host in both connections, the slot and the recovery window", () => {
  const text = renderServerConf(input, { host: "pgslave1", hostaddr: "10.0.0.2" });
  assert.match(text, /^conninfo = host=pgslave1 hostaddr=10\.0\.0\.2 port=5432 user=monkey_user dbname=monkey_db /m);
  assert.match(text, /^streaming_conninfo = host=pgslave1 hostaddr=10\.0\.0\.2 port=5432 user=replication_user /m);
  assert.match(text, /^slot_name = barman_the_backupper$/m);
  assert.match(text, /^retention_policy = RECOVERY WINDOW OF 30 DAYS$/m);
  assert.doesNotMatch(text, /password/i);
});

test("a backup from a standby is copied there, and its WAL and the switch of its last segment stay with the primary", () => {
  const text = renderStandbyConf(input, "pgslave1", "pgmaster");
  const hostOf = (name: string) => new RegExp(`^${name} = host=(\\S+)`, "m").exec(text)?.[1];
  assert.deepEqual([hostOf("conninfo"), hostOf("streaming_conninfo")], ["pgslave1", "pgslave1"]);
  const rest = ["primary_conninfo", "wal_conninfo", "wal_streaming_conninfo"].map(hostOf);
  assert.deepEqual(rest, ["pgmaster", "pgmaster", "pgmaster"]);
  assert.match(text, /^\[barman\]$[^]*^barman_home = \/var\/backups$[^]*^\[pg_cluster\]$/m);
  assert.doesNotMatch(text, /configuration_files_directory|password/, "no second server of the same name");
  assert.equal(standbyConfPath("../x"), "/run/barman/from-..%2Fx.conf");
});

test("backups are listed with the same policy, an empty record of WAL, and a lock that archiving does not hold", () => {
  const text = renderListConf(input, "pgmaster");
  const policy = /^retention_policy = .*$/m;
  assert.deepEqual(policy.exec(text)?.[0], policy.exec(renderServerConf(input, { host: "pgmaster" }))?.[0]);
  const directory = /^xlogdb_directory = (.*)$/m.exec(text)?.[1];
  assert.equal(listRecordPath("pg_cluster"), `${directory}/pg_cluster-xlog.db`);
  assert.match(text, new RegExp(`^barman_lock_directory = ${directory}$`, "m"));
  assert.match(text, /^barman_home = \/var\/backups$/m);
  assert.doesNotMatch(text, /configuration_files_directory/, "no second server of the same name");
});

test("BACKUP_RATE limits the copy, and 0 does not", () => {
  assert.match(renderServerConf({ ...input, rateKb: 51_200 }, { host: "h" }), /^bandwidth_limit = 51200$/m);
  assert.doesNotMatch(renderServerConf(input, { host: "h" }), /bandwidth_limit|backup_compression/);
  assert.match(renderServerConf({ ...input, compression: "zstd" }, { host: "h" }), /^backup_compression = zstd$/m);
});

test("BACKUP_RETENTION_COUNT keeps a number of backups instead of a window", () => {
  assert.match(renderServerConf({ ...input, retentionCount: 3 }, { host: "h" }), /^retention_policy = REDUNDANCY 3$/m);
});

test("names with quotes and backslashes stay one value", () => {
  const text = renderServerConf({ ...input, postgresUser: "o'b", postgresDb: "a\\b" }, { host: "h" });
  assert.match(text, /^conninfo = host=h port=5432 user='o\\'b' dbname='a\\\\b' /m);
});

test("barman becomes the postgres user, and keeps its data in BACKUP_DIR", () => {
  const text = renderBarmanConf({ backupDir: "/data/backups" });
  assert.match(text, /^barman_user = postgres$/m);
  assert.match(text, /^barman_home = \/data\/backups$/m);
});

test("the passfile has one line a role, escaped", () => {
  const users = [{ user: "u", password: "a:b\\c" }, { user: "r", password: "x" }, { user: "r", password: "x" }];
  assert.equal(renderPassfile(users), "*:*:*:u:a\\:b\\\\c\n*:*:*:r:x\n");
});

test("an older barman is not given settings that it does not know", () => {
  const old = { ...input, imageVersions: { ...usualVersions, postgres: "15", barman: "3.4" } };
  const texts = (i: typeof input) => renderStandbyConf(i, "pgslave1", "pgmaster") + renderListConf(i, "pgmaster");
  const names = ["wal_conninfo", "wal_streaming_conninfo", "xlogdb_directory"];
  for (const name of names) {
    assert.match(texts(input), new RegExp(`^${name} = `, "m"));
    assert.doesNotMatch(texts(old), new RegExp(`^${name} = `, "m"));
  }
  assert.match(texts(old), /^primary_conninfo = /m);
  assert.doesNotMatch(texts(old), /require_auth/);
});
