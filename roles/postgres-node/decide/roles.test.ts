import assert from "node:assert/strict";
import { test } from "node:test";
import { soundRole } from "../../../tests/support/fake-cluster.ts";
import { decideRoleChanges, findRoleTroubles, type RoleSeen, type RolesView } from "./roles.ts";

const role = (name: string, changes: Partial<RoleSeen> = {}): RoleSeen => ({ ...soundRole(name), ...changes });

const view = (...seen: RoleSeen[]): RolesView => ({
  self: "pg2",
  primary: "pg1",
  replicationUser: "repl",
  replicationRole: "superuser",
  postgresUser: "app",
  seen,
});

test("decideRoleChanges() changes nothing where roles and passwords are right", () => {
  assert.deepEqual(decideRoleChanges(view(role("repl"), role("app"))), []);
  assert.deepEqual(findRoleTroubles(view(role("repl"), role("app")), "standby"), []);
});

test("decideRoleChanges() sets passwords that differ, and md5 hashes of our roles", () => {
  for (const password of ["wrong", "md5"] as const) {
    const changes = decideRoleChanges(view(role("repl", { password }), role("app", { password })));
    assert.deepEqual(changes.map((c) => [c.name, c.create, c.rights, c.password]), [
      ["repl", false, null, true],
      ["app", false, null, true],
    ]);
  }
});

test("decideRoleChanges() makes REPLICATION_USER if it is missing, and gives it each right that it lacks", () => {
  const [made] = decideRoleChanges(view(role("app")));
  assert.deepEqual([made?.name, made?.create, made?.rights, made?.password], ["repl", true, "superuser", true]);
  for (const lack of [{ superuser: false }, { replication: false }, { login: false }, { limited: true }]) {
    const [change] = decideRoleChanges(view(role("repl", lack), role("app")));
    assert.deepEqual(
      [change?.create, change?.rights, change?.password],
      [false, "superuser", false],
      JSON.stringify(lack),
    );
  }
});

test("decideRoleChanges() limits a superuser where REPLICATION_ROLE says so, and a limited role becomes one again", () => {
  const sound = { superuser: false };
  const limited = (changes: Partial<RoleSeen>): RolesView => ({
    ...view(role("repl", { ...sound, ...changes }), role("app")),
    replicationRole: "limited",
  });
  assert.deepEqual(decideRoleChanges(limited({})), []);
  const [change] = decideRoleChanges(limited({ superuser: true }));
  assert.deepEqual([change?.name, change?.create, change?.rights, change?.password], ["repl", false, "limited", false]);
  assert.match(change!.because, /REPLICATION_ROLE is limited, and it was a superuser/);
  const [lacking] = decideRoleChanges(limited({ lacks: ["pg_monitor", "pg_switch_wal()"], password: "wrong" }));
  assert.deepEqual([lacking?.rights, lacking?.password], ["limited", true]);
  assert.match(lacking!.because, /lacked what replication needs: pg_monitor, pg_switch_wal\(\), and its password/);
  assert.equal(decideRoleChanges(limited({ login: false }))[0]?.rights, "limited");
  assert.equal(decideRoleChanges({ ...limited({}), replicationRole: "superuser" })[0]?.rights, "superuser");
  const gone = decideRoleChanges({ ...view(role("app")), replicationRole: "limited" });
  assert.deepEqual([gone[0]?.create, gone[0]?.rights], [true, "limited"]);
});

test("findRoleTroubles() names a superuser that should be limited, on every node that wants it so", () => {
  const seen = view(role("repl"), role("app"));
  for (const at of ["primary", "standby"] as const) {
    assert.deepEqual(findRoleTroubles(seen, at), []);
    const [trouble] = findRoleTroubles({ ...seen, replicationRole: "limited" }, at);
    assert.match(trouble!.because, /REPLICATION_ROLE of pg2 is limited, but repl is a superuser/);
    assert.match(trouble!.fix, /on all nodes; the primary then limits the role within 10 s/);
  }
});

test("decideRoleChanges() leaves the rights of POSTGRES_USER, and its password where no variable names one", () => {
  assert.deepEqual(decideRoleChanges(view(role("repl"), role("app", { superuser: false, password: "unset" }))), []);
});

test("REPLICATION_PASSWORD counts where one role is both", () => {
  const one = { ...view(role("repl", { password: "wrong" })), postgresUser: "repl" };
  assert.equal(decideRoleChanges(one).length, 1);
  assert.equal(findRoleTroubles(one, "standby").length, 1);
});

test("findRoleTroubles() names both hosts of a standby whose password differs, and nothing on the primary", () => {
  const differs = view(role("repl", { password: "wrong" }), role("app"));
  assert.deepEqual(findRoleTroubles(differs, "primary"), []);
  const [trouble] = findRoleTroubles(differs, "standby");
  assert.match(trouble!.because, /REPLICATION_PASSWORD of pg2 is not the password of repl in pg1/);
  assert.match(trouble!.fix, /on pg2 and pg1/);
});

test("findRoleTroubles() names a missing POSTGRES_USER, and the roles of others with md5", () => {
  const old = ["a", "b", "c", "d", "e", "f"].map((name) => role(name, { password: "md5" }));
  const [missing, md5] = findRoleTroubles(view(role("repl"), ...old), "primary");
  assert.match(missing!.because, /app, which POSTGRES_USER names, does not exist/);
  assert.match(md5!.because, /of a, b, c, d, e and 1 more are stored as md5/);
  assert.match(md5!.fix, /\\password a/);
});
