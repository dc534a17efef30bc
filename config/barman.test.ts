// Tests of the barman variables: what is required, what is refused, and with which exit code.
import assert from "node:assert/strict";
import { test } from "node:test";
import { barmanProblems, barmanVariables } from "./barman.ts";
import { readConfig } from "./env.ts";

const given = { REPLICATION_HOST: "pgmaster", POSTGRES_USER: "u", POSTGRES_PASSWORD: "p", POSTGRES_DB: "d" };
const noFile = () => {
  throw new Error("no file");
};
const read = (environment: Record<string, string>) => readConfig(barmanVariables, { environment, readFile: noFile });

test("the four required variables have the exit codes 1 to 4 of 1.x, in this order", () => {
  const result = read({});
  assert.ok(!result.ok);
  assert.deepEqual(result.problems.map((p) => [p.variable, p.exitCode]), [
    ["REPLICATION_HOST", 1],
    ["POSTGRES_USER", 2],
    ["POSTGRES_PASSWORD", 3],
    ["POSTGRES_DB", 4],
  ]);
});

test("defaults are those of 1.x", () => {
  const result = read(given);
  assert.ok(result.ok);
  assert.equal(result.config.serverName, "pg_cluster");
  assert.equal(result.config.slotName, "barman_the_backupper");
  assert.equal(result.config.schedule, "0 0 * * *");
  assert.equal(result.config.backupDir, "/var/backups");
  assert.deepEqual(result.config.hosts, ["pgmaster"]);
});

test("malformed values are refused by name", () => {
  const bad: Record<string, string> = {
    REPLICATION_HOST: "a,,b c",
    UPSTREAM_NAME: "all",
    REPLICATION_SLOT_NAME: "Slot-1",
    BACKUP_SCHEDULE: "0 0 * *",
    BACKUP_DIR: "/var/../etc",
    BACKUP_RETENTION_DAYS: "0",
    POSTGRES_DB: "100%",
    REPLICATION_USER: "re pl",
  };
  for (const [name, value] of Object.entries(bad)) {
    const result = read({ ...given, [name]: value });
    assert.ok(!result.ok, name);
    assert.deepEqual(result.problems.map((p) => p.variable), [name]);
  }
});

test("one role with two passwords is refused", () => {
  const result = read({ ...given, POSTGRES_USER: "replication_user" });
  assert.ok(result.ok);
  assert.equal(barmanProblems(result.config, "backup").length, 1);
});

test("encryption is refused by its name, with what encrypts instead", () => {
  const problems = (value: string) => {
    const result = read({ ...given, BACKUP_ENCRYPTION: value });
    return result.ok ? barmanProblems(result.config, "backup") : result.problems;
  };
  assert.deepEqual(problems("none"), []);
  const [problem] = problems("gpg");
  assert.equal(problem?.variable, "BACKUP_ENCRYPTION");
  assert.match(problem?.fix ?? "", /encrypt the volume of BACKUP_DIR/);
});

test("with an authority barman has a certificate of its own: nodes get backups and WAL from it", () => {
  const problems = (more: Record<string, string>) => {
    const result = read({ ...given, TLS: "require", TLS_CA_FILE: "/tls/ca.crt", ...more });
    assert.ok(result.ok);
    return barmanProblems(result.config, "backup").map((p) => p.variable);
  };
  assert.deepEqual(problems({}), ["TLS_CA_FILE"]);
  assert.deepEqual(problems({ TLS_CERT_FILE: "/tls/a.crt", TLS_KEY_FILE: "/tls/a.key" }), []);
});
