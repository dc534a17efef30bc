// A question about secrets where there are many: it is answered in time, and comes to all of them.
import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock } from "../../tests/support/fake-clock.ts";
import type { SecretSeen } from "../protocol/secrets.ts";
import { createLog } from "../runtime/log.ts";
import { Secrets } from "../runtime/secrets.ts";
import { secretsAnswer } from "./secrets.ts";

/** Each login takes 23 ms of the one processor there is. */
function manyUsers(count: number) {
  let [nowMs, underWay, most] = [0, 0, 0];
  const asked: string[] = [];
  const clock = Object.assign(new FakeClock(), { nowMs: () => nowMs });
  const secrets = new Secrets({
    context: { environment: {}, readFile: () => "", clock },
    log: createLog({ level: "ERROR", write: () => {}, wallMs: () => 0 }),
    stop: new AbortController().signal,
    ring: { keys: ["key"], formerSigners: [] },
    trusting: false,
    compares: false,
    login: async (role) => {
      most = Math.max(most, ++underWay);
      asked.push(role);
      await Promise.resolve();
      nowMs += 23;
      underWay--;
      return "works";
    },
  });
  const user = (n: number) => secrets.add(`DB_USERS (u${n})`, `u${n}`, "same", () => Promise.resolve(), true);
  const users = Array.from({ length: count }, (_, n) => user(n));
  const ask = async (what: "tell" | "drop", variable: string | null) => {
    const beganMs = nowMs;
    asked.length = 0;
    const answer = await secretsAnswer(secrets).carryOut({ do: what, role: null, variable });
    const logins = (answer as { secrets: SecretSeen[] }).secrets.map((s) => s.login);
    return { tookMs: nowMs - beganMs, works: logins.filter((l) => l === "works").length, asked: [...asked] };
  };
  return { ask, users, most: () => most };
}

test("which secrets there are is answered without a login", async () => {
  const { ask } = manyUsers(1000);
  assert.deepEqual(await ask("tell", null), { tookMs: 0, works: 0, asked: [] });
});

test("of very many users those are tried first whose password changes, a few at a time, and all when it is asked again", async () => {
  const { ask, users, most } = manyUsers(500);
  users[400]!.known = { inUse: "new", other: "old", waits: false };
  const first = await ask("tell", "DB_USERS");
  assert.ok(first.tookMs < 8_000, `${first.tookMs} ms`);
  assert.equal(first.asked[0], "u400");
  assert.equal(first.works, first.asked.length);
  let works = first.works;
  for (let more = 0; more < 3; more++) ({ works } = await ask("tell", "DB_USERS"));
  assert.equal(works, 500);
  assert.ok(most() > 1 && most() <= 4, `${most()} at the same time`);
});

test("a former password is forgotten after a login as that user only", async () => {
  const { ask, users } = manyUsers(500);
  users[400]!.known = { inUse: "new", other: "old", waits: false };
  assert.deepEqual((await ask("drop", "DB_USERS")).asked, ["u400"]);
  assert.equal(users[400]!.known.other, null);
});
