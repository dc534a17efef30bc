// Tests of what is refused between the variables of base backups: what barman cannot do.
import assert from "node:assert/strict";
import { test } from "node:test";
import { baseBackupProblems, baseBackupVariables } from "./base-backup.ts";
import { usualVersions } from "./image-versions.ts";
import { readConfig } from "./env.ts";

const problems = (environment: Record<string, string>, cloudUrl = "", imageVersions = usualVersions) => {
  const result = readConfig(baseBackupVariables, { environment, readFile: () => "" });
  return result.ok ? baseBackupProblems({ ...result.config, cloudUrl, imageVersions }) : result.problems;
};

test("compression is refused together with what barman cannot do with it", () => {
  assert.deepEqual(problems({ BACKUP_COMPRESSION: "zstd" }), []);
  const both = problems({ BACKUP_COMPRESSION: "gzip", BACKUP_INCREMENTAL: "7" }, "s3://bucket");
  assert.deepEqual(both.map((p) => p.fix), [
    "unset BACKUP_COMPRESSION or BACKUP_INCREMENTAL",
    "unset BACKUP_COMPRESSION or CLOUD_BACKUP_URL",
  ]);
  assert.deepEqual(problems({ BACKUP_COMPRESSION: "none", BACKUP_INCREMENTAL: "7" }, "s3://bucket"), []);
});

test("incremental backups are refused where the image has too old programs", () => {
  const old = { ...usualVersions, postgres: "15", barman: "3.4" };
  assert.match(problems({ BACKUP_INCREMENTAL: "7" }, "", old)[0]?.message ?? "", /PostgreSQL 15 with barman 3\.4/);
  assert.deepEqual(problems({ BACKUP_INCREMENTAL: "0" }, "", old), []);
});
