// Misspelt and retired names cause a warning; other variables do not.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { roleVariables } from "./roles.ts";
import { strangers, typingErrors } from "./strangers.ts";

const roles = Object.values(roleVariables);
const warn = (...names: string[]) => strangers(names, roles);

test("a misspelt name causes a warning that suggests the right one", () => {
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
    assert.equal(warn(wrong).length, 1, wrong);
    assert.match(warn(wrong)[0]!, new RegExp(`^${wrong} .* did you mean ${right}\\?$`));
  }
});

test("a name that only 1.x read causes a warning that says why", () => {
  assert.match(warn("MASTER_SLAVE_SWITCH")[0]!, /no longer read/);
});

test("known names, their files and the system's names cause no warning", () => {
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
  assert.deepEqual(warn(...system, ...ours, "REPMGR_NODES_TABLE", "PG_MAJOR", "POSTGRES_VERSION", "PGPASSWORD"), []);
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
