// Tests of pg_hba.conf for a fresh cluster.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { HostAuthMethod } from "../../../config/shared.ts";
import { renderPgHba } from "./pg-hba.ts";

const lines = (hostAuthMethod: HostAuthMethod, replicationUser = "repl") =>
  renderPgHba({ hostAuthMethod, replicationUser, postgresUser: "app" }).split("\n")
    .filter((line) => line.startsWith("host")).map((line) => line.split(/\s+/).join(" "));

test("every host logs in by the chosen method", () => {
  assert.deepEqual(lines("md5"), ["host all all all md5", "host replication all all md5"]);
});

test("reject and cert do not lock out the roles that nodes, pgpool and barman log in with", () => {
  const ours = ['host all "repl","app" all scram-sha-256', 'host replication "repl" all scram-sha-256'];
  assert.deepEqual(lines("reject"), [...ours, "host all all all reject", "host replication all all reject"]);
  // PostgreSQL accepts cert only on hostssl lines
  assert.deepEqual(lines("cert"), [...ours, "hostssl all all all cert", "hostssl replication all all cert"]);
});

test("a name cannot become another word of its line", () => {
  assert.equal(lines("reject", 'r" all trust')[0], 'host all "r"" all trust","app" all scram-sha-256');
});
