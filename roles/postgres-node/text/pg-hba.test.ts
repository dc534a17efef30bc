// Tests of pg_hba.conf for a fresh cluster.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { HostAuthMethod } from "../../../config/shared.ts";
import type { TlsMode } from "../../../config/tls.ts";
import { renderPgHba, withHead } from "./pg-hba.ts";

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

test("the head refuses connections without TLS as TLS says, and comes and goes without a change to the other lines", () => {
  const own = "# mine\nlocal all all trust\nhost all all all scram-sha-256\n";
  const head = (tls: TlsMode, text = own) =>
    withHead(text, { tls, pgHba: [], postgresUser: "app", replicationUser: 'r"' });
  assert.equal(head("off"), own);
  assert.equal(head("prefer"), own);
  const refused = head("require").split("\n").filter((line) => line.startsWith("hostnossl"));
  assert.deepEqual(refused, ["hostnossl all all all reject", "hostnossl replication all all reject"]);
  assert.match(head("auto"), /^hostnossl all "r""" all reject$/m);
  for (const before of ["off", "auto", "require"] as const) {
    for (const after of ["off", "auto", "require"] as const) assert.equal(head(after, head(before)), head(after));
  }
  assert.ok(head("auto").endsWith(`\n${own}`));
});

test("PG_HBA stands behind the lines of the cluster itself and before all others", () => {
  const pgHba = ["host all all 10.0.0.0/8 ldap ldapserver=x", "host all all all reject"];
  const config = { tls: "require", pgHba, postgresUser: "app", replicationUser: "repl" } as const;
  const lines = withHead("host all all all md5\n", config).split("\n");
  assert.deepEqual(
    lines.slice(1, -2),
    [
      "hostnossl all all all reject",
      "hostnossl replication all all reject",
      'local all "postgres","app","repl" trust',
      'local replication "postgres","app","repl" trust',
      'host all "app","repl" all scram-sha-256',
      'host replication "repl" all scram-sha-256',
      ...pgHba,
      "# END PostDock",
    ],
  );
  assert.equal(withHead(lines.join("\n"), { ...config, tls: "off", pgHba: [] }), "host all all all md5\n");
});
