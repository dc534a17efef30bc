import assert from "node:assert/strict";
import { test } from "node:test";
import { replicationRoleProblems } from "./replication-role.ts";

const given = { replicationRole: "limited", replicationUser: "repl", postgresUser: "app" } as const;

test("a role that is more than the one of replication is not limited", () => {
  assert.deepEqual(replicationRoleProblems(given), []);
  for (
    const [postgresUser, name] of [["repl", /is POSTGRES_USER/], ["app", /is the superuser of the server/]] as const
  ) {
    const replicationUser = postgresUser === "repl" ? "repl" : "postgres";
    const [problem] = replicationRoleProblems({ ...given, replicationUser, postgresUser });
    assert.match(problem!.message, name);
    assert.match(problem!.fix, /REPLICATION_USER to a role of its own/);
    const kept = { ...given, replicationRole: "superuser", replicationUser, postgresUser } as const;
    assert.deepEqual(replicationRoleProblems(kept), []);
  }
});
