// The commands that a restore prints can be typed as they are, whatever the names.
import assert from "node:assert/strict";
import { test } from "node:test";
import { copyBack, lookAt } from "./hints.ts";

const way = { hosts: ["pg1", "pg2"], replicationPort: 5432, postgresUser: "monkey_user", postgresDb: "monkey_db" };

test("a table goes back to whichever node is the primary", () => {
  assert.equal(
    copyBack("/tmp/copy", way),
    "gosu postgres pg_dump -h /tmp/copy -c --if-exists -t TABLE monkey_db | gosu postgres psql -1 -v ON_ERROR_STOP=1 " +
      "'host=pg1,pg2 port=5432 user=monkey_user dbname=monkey_db target_session_attrs=read-write'",
  );
});

test("odd names are quoted for libpq and for the shell; another port is given", () => {
  const odd = { ...way, postgresUser: "o'er", replicationPort: 5433 };
  assert.equal(
    lookAt("pg2", odd),
    "gosu postgres psql 'host=pg2 port=5433 user='\\''o\\'\\''er'\\'' dbname=monkey_db'",
  );
});
