// Tests of what is refused between the variables of base backups: what barman 3.13 cannot do.
import assert from "node:assert/strict";
import { test } from "node:test";
import { baseBackupProblems, baseBackupVariables } from "./base-backup.ts";
import { readConfig } from "./env.ts";

const problems = (environment: Record<string, string>, cloudUrl = "") => {
  const result = readConfig(baseBackupVariables, { environment, readFile: () => "" });
  return result.ok ? baseBackupProblems({ ...result.config, cloudUrl }) : result.problems;
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
