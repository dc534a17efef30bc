// repmgr.conf: what repmgr's own parser needs, and no secret.
import assert from "node:assert/strict";
import { test } from "node:test";
import { fakeConfig } from "../../../tests/support/fake-cluster.ts";
import { renderRepmgrConf, slotName } from "./repmgr-conf.ts";

const lines = (environment: Record<string, string> = {}) => renderRepmgrConf(fakeConfig(environment)).split("\n");

test("values are in single quotes, since repmgr refuses slashes, spaces and dashes without them; numbers are plain", () => {
  const settings = lines().filter((l) => l !== "" && !l.startsWith("#"));
  assert.ok(settings.length > 20);
  for (const line of settings) assert.match(line, /^[a-z_]+=(-?\d+|'([^']|'')*')$/);
});

test("the password is not in the file: repmgr takes it from the passfile", () => {
  const text = lines({ REPLICATION_PASSWORD: "topsecret" }).join("\n");
  assert.doesNotMatch(text, /topsecret/);
  assert.match(text, /passfile=/);
});

test("the node's identity and its address come from the variables", () => {
  const text = lines({ NODE_PRIORITY: "0", REPLICATION_USER: "repl", LOG_LEVEL: "DEBUG" }).join("\n");
  for (
    const line of ["node_id=1", "node_name='node1'", "priority=0", "log_level='DEBUG'", "replication_user='repl'"]
  ) {
    assert.ok(text.includes(line), line);
  }
  assert.match(text, /^conninfo='host=pg1 port=5432 user=repl /m);
});

test("a node's slot has repmgr's name", () => assert.equal(slotName(12), "repmgr_slot_12"));
