import assert from "node:assert/strict";
import { test } from "node:test";
import { replicationRoleProblems } from "./replication-role.ts";
import { nodeVariablesToCompare } from "./same-everywhere.ts";

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

test("a limited role is compared between nodes, and the default is not: releases before this one do not report it", () => {
  const node = {
    ...{ partners: [], observers: [], leaseTtlMs: 2500, barmanSync: false, clusterName: "c", consistency: "eventual" },
    ...{ oldestDataSeconds: 60, pgHba: [], quorum: true, replicationDb: "d", replicationUser: "repl", tls: "off" },
    useSlots: true,
  } as const;
  assert.equal(nodeVariablesToCompare({ ...node, replicationRole: "limited" }).REPLICATION_ROLE, "limited");
  assert.ok(!("REPLICATION_ROLE" in nodeVariablesToCompare({ ...node, replicationRole: "superuser" })));
});
