import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock } from "../../../tests/support/fake-clock.ts";
import { secretsAnswer } from "../../../core/http/secrets.ts";
import type { SecretSeen } from "../../../core/protocol/secrets.ts";
import { createLog } from "../../../core/runtime/log.ts";
import { Secrets } from "../../../core/runtime/secrets.ts";
import { PoolUsers } from "./secrets.ts";

interface SecretsAnswer {
  secrets: SecretSeen[];
}

const ann = { name: "ann", password: "a" };
const bob = { name: "bob", password: "b" };

function users() {
  const accepted = new Map([["ann", "a"], ["bob", "b"]]);
  const secrets = new Secrets({
    context: { environment: {}, readFile: () => "", clock: new FakeClock() },
    log: createLog({ level: "ERROR", write: () => {}, wallMs: () => 0 }),
    stop: new AbortController().signal,
    ring: { keys: ["key"], formerSigners: [] },
    trusting: false,
    compares: false,
    login: (role, password) =>
      Promise.resolve(!accepted.has(role) ? "barred" : accepted.get(role) === password ? "works" : "refused"),
  });
  const config = { dbUsers: [ann] };
  const written: string[] = [];
  const note = () => void written.push(config.dbUsers.map((u) => `${u.name}:${u.password}`).join(","));
  const renewed = () => Promise.resolve(note());
  return { users: new PoolUsers(config, { secrets, renewed, renew: note }), secrets, accepted, config, written };
}

test("a user that is added or removed is so at once", () => {
  const { users: u, written } = users();
  u.are([ann, bob]);
  u.are([ann, bob]);
  u.are([bob]);
  assert.deepEqual(written, ["ann:a,bob:b", "bob:b"]);
});

test("a changed password is used once the primary accepts it", async () => {
  const { users: u, secrets, accepted, written } = users();
  u.are([{ name: "ann", password: "new" }]);
  await secrets.step();
  assert.deepEqual([written, secrets.troubles().length], [[], 1]);
  accepted.set("ann", "new");
  await secrets.step();
  assert.deepEqual(written, ["ann:new"]);
  u.are([{ name: "ann", password: "new" }, bob]);
  assert.deepEqual(written.at(-1), "ann:new,bob:b");
});

test("a user who may not log in from here has the password of the file, and a rotation has nothing to wait for", async () => {
  const { users: u, secrets, accepted, written } = users();
  accepted.delete("ann");
  u.are([{ name: "ann", password: "new" }]);
  await secrets.step();
  assert.deepEqual([written, secrets.troubles()], [["ann:new"], []]);
  const asks = async (what: string) =>
    (await secretsAnswer(secrets).carryOut({ do: what, role: null, variable: "DB_USERS" }) as SecretsAnswer)
      .secrets[0]!;
  assert.deepEqual([(await asks("tell")).login, (await asks("drop")).other], ["none", null]);
});

test("a user that is removed and comes back has the password of the file", () => {
  const { users: u, config } = users();
  u.are([bob]);
  u.are([bob, { name: "ann", password: "other" }]);
  assert.deepEqual(config.dbUsers, [bob, { name: "ann", password: "other" }]);
});
