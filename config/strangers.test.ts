// Misspelt and retired names are told; what belongs to others is left alone.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { roleVariables } from "./roles.ts";
import { strangers, typingErrors } from "./strangers.ts";

const roles = Object.values(roleVariables);
const told = (...names: string[]) => strangers(names, roles);

test("a misspelt name is told with the one that was meant", () => {
  for (
    const [wrong, right] of [
      ["PARTNER_NODE", "PARTNER_NODES"],
      ["REPLICATON_PASSWORD", "REPLICATION_PASSWORD"],
      ["node_name", "NODE_NAME"],
      ["CLUSTERNODENETWORKNAME", "CLUSTER_NODE_NETWORK_NAME"],
      ["BACKEDNS", "BACKENDS"],
      ["DB_USER_FILE", "DB_USERS_FILE"],
    ] as const
  ) {
    assert.equal(told(wrong).length, 1, wrong);
    assert.match(told(wrong)[0]!, new RegExp(`${wrong} .*: ${right} is one`));
  }
});

test("a name of 1.x that is gone is told with what became of it", () => {
  assert.match(told("MASTER_SLAVE_SWITCH")[0]!, /no longer read/);
});

test("known names, their files, and names of the system are left alone", () => {
  const system = [
    "PATH",
    "HOME",
    "HOSTNAME",
    "LANG",
    "TZ",
    "PWD",
    "SHLVL",
    "TERM",
    "USER",
    "LC_ALL",
    "_",
    "GOSU_VERSION",
  ];
  const ours = roles.flatMap((r) => Object.values(r).flatMap((v) => [v.name, `${v.name}_FILE`]));
  assert.deepEqual(told(...system, ...ours, "REPMGR_NODES_TABLE", "PG_MAJOR", "POSTGRES_VERSION", "PGPASSWORD"), []);
});

test("typingErrors() is a distance: zero for equal words, the same both ways, one for a swap", () => {
  const word = fc.stringMatching(/^[A-C]{0,6}$/);
  fc.assert(fc.property(word, word, (a, b) => {
    assert.equal(typingErrors(a, b), typingErrors(b, a));
    assert.equal(typingErrors(a, b) === 0, a === b);
    assert.ok(typingErrors(a, b) <= Math.max(a.length, b.length));
  }));
  assert.equal(typingErrors("AB", "BA"), 1);
  assert.equal(typingErrors("ABC", "AC"), 1);
});
