import assert from "node:assert/strict";
import { test } from "node:test";
import { readConfig } from "./env.ts";
import {
  electorateOf,
  leaseModeOf,
  observerProblems,
  observerVariables,
  quorumProblems,
  quorumVariables,
} from "./quorum.ts";

const readFile = () => {
  throw new Error("no files here");
};
const read = (environment: Record<string, string>) => {
  const result = readConfig(quorumVariables, { environment, readFile });
  return result.ok
    ? quorumProblems(result.config, ["a", "b"]).map((p) => p.message)
    : result.problems.map((p) => p.message);
};
const observe = (environment: Record<string, string>) => {
  const result = readConfig(observerVariables, { environment, readFile });
  return result.ok ? observerProblems(result.config, "pool").map((p) => p.message) : ["not read"];
};

test("the defaults are valid, and two renewals in a row may be lost", () => {
  assert.deepEqual(read({}), []);
  assert.deepEqual(read({ LEASE_TTL: "3", LEASE_RENEW_INTERVAL: "1" }), []);
  assert.match(read({ LEASE_TTL: "2.9", LEASE_RENEW_INTERVAL: "1" })[0]!, /more than a third of LEASE_TTL/);
});

const malformed: [string, string][] = [
  ["LEASE_TTL", "0.5"],
  ["LEASE_TTL", "61"],
  ["LEASE_TTL", "5s"],
  ["LEASE_RENEW_INTERVAL", "-1"],
  ["LEASE_RENEW_INTERVAL", "1.2345"],
  ["QUORUM", "maybe"],
  ["QUORUM_OBSERVERS", "a,,b"],
  ["CLUSTER_KEY", "too short"],
];
for (const [name, value] of malformed) {
  test(`${name}=${value} is refused by name`, () => {
    const [message = ""] = read({ [name]: value });
    assert.ok(message.includes(name));
    assert.equal(message.includes("too short"), false, "a key is not printed");
  });
}

test("an observer is not a partner, and needs to know the partners and its own name", () => {
  assert.match(read({ QUORUM_OBSERVERS: "a" })[0]!, /in PARTNER_NODES too/);
  assert.deepEqual(observe({}), []);
  assert.deepEqual(observe({ QUORUM_OBSERVERS: "pool", PARTNER_NODES: "a,b" }), []);
  assert.match(observe({ QUORUM_OBSERVERS: "pool" })[0]!, /PARTNER_NODES is not;/);
  assert.match(
    observe({ QUORUM_OBSERVERS: "other", PARTNER_NODES: "a,b" })[0]!,
    /does not include this container, "pool"/,
  );
});

test("a lease decides from three voters on", () => {
  const mode = (partners: string[], observers: string[], quorum = true) =>
    leaseModeOf({ quorum, electorate: electorateOf(partners, observers) }).on;
  assert.deepEqual([mode(["a", "b", "c"], []), mode(["a", "b"], ["pool"]), mode(["a", "b"], []), mode([], [])], [
    true,
    true,
    false,
    false,
  ]);
  assert.equal(mode(["a", "b", "c"], [], false), false);
});
