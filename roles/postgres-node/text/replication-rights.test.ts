import assert from "node:assert/strict";
import { test } from "node:test";
import { limiting, replicationRights } from "./replication-rights.ts";

test("each right has its reason, and is granted to the role by its quoted name only", () => {
  for (const { what, because, grant, held } of replicationRights({ postgres: "17" })) {
    assert.ok(because.length > 5, what);
    assert.match(grant, /^grant .* to %1\$I$/s);
    assert.match(held, /%1\$L/);
    assert.doesNotMatch(grant + held, /%(?!1\$[IL])/, "format() takes the role and nothing else");
  }
});

test("the limited role gets no way to write files, to run programs, or to have others run its code", () => {
  const all = limiting({ postgres: "17" }).join("; ");
  assert.doesNotMatch(
    all,
    /pg_(write|execute|read)_server|pg_read_all_data|pg_promote|pg_reload_conf|pg_database_owner/,
  );
  assert.doesNotMatch(
    all,
    /\b(all|trigger|create|references|maintain) on (all )?(tables|schema|database)|with (grant|admin)/i,
  );
  assert.ok(
    limiting({ postgres: "17" }).findIndex((s) => s.startsWith("reassign owned")) <
      limiting({ postgres: "17" }).findIndex((s) => s.startsWith("grant")),
  );
});

test("a right that came later is not granted to an older server", () => {
  const rights = (postgres: string) => limiting({ postgres }).join("; ");
  for (const later of ["pg_use_reserved_connections", "pg_log_standby_snapshot()"]) {
    assert.ok(!rights("15").includes(later));
    assert.ok(rights("16").includes(later));
  }
});
