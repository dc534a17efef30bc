import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock, settled } from "../../tests/support/fake-clock.ts";
import { env, plainText } from "../../config/env.ts";
import { secretsAnswer } from "../http/secrets.ts";
import type { KeyRing } from "../protocol/signing.ts";
import { createLog } from "./log.ts";
import { Secrets } from "./secrets.ts";

const variable = env("PASSWORD", plainText, { doc: "", accepts: "text", fallback: "", secret: true });

/** One password from a file, and the server that has one too. */
function given(trusting = false) {
  const files = new Map([["/secret", "old\n"]]);
  const server = { password: "old", answers: true, arrives: Promise.resolve() };
  const lines: string[] = [];
  const applied: string[] = [];
  const log = createLog({ level: "INFO", write: (line) => lines.push(line), wallMs: () => 0 });
  const clock = new FakeClock();
  const ring: KeyRing = { keys: ["first"], formerSigners: [] };
  const secrets = new Secrets({
    context: {
      environment: { PASSWORD_FILE: "/secret" },
      clock,
      readFile: (path) => {
        const text = files.get(path);
        if (text === undefined) throw Object.assign(new Error("not there"), { code: "ENOENT" });
        return text;
      },
    },
    log,
    stop: new AbortController().signal,
    ring,
    trusting,
    compares: true,
    login: async (_, password) => {
      const came = !server.answers ? "unknown" : password === server.password ? "works" : "refused";
      await server.arrives;
      return came;
    },
  });
  const password = secrets.add("PASSWORD", "app", "old", (value) => {
    applied.push(value);
    return Promise.resolve();
  });
  secrets.files.watch(variable, (value) => secrets.given(password, value));
  return { secrets, files, server, applied, lines, log, password, clock, ring };
}

test("a new value in the file is used once the server accepts it, and not before", async () => {
  const { secrets, files, server, applied } = given();
  await secrets.step();
  files.set("/secret", "new-one");
  await secrets.step();
  assert.deepEqual([applied, secrets.troubles().length, secrets.othersOf("app")], [[], 1, ["new-one"]]);
  server.answers = false;
  await secrets.step();
  Object.assign(server, { answers: true, password: "new-one" });
  await secrets.step();
  assert.deepEqual([applied, secrets.troubles(), secrets.othersOf("app")], [["new-one"], [], ["old"]]);
});

test("a server that goes back to the former value, as after a failover, is followed", async () => {
  const { secrets, files, server, applied } = given();
  files.set("/secret", "new-one");
  server.password = "new-one";
  await secrets.step();
  server.password = "old";
  await secrets.step();
  assert.deepEqual(applied, ["new-one", "old"]);
  assert.equal(secrets.troubles().length, 1);
});

test("a value that an order had used while a login was under way stays in use", async () => {
  const { secrets, files, server, applied, password } = given();
  files.set("/secret", "new-one");
  await secrets.step();
  server.password = "new-one";
  let arrive = () => {};
  server.arrives = new Promise((resolve) => arrive = resolve);
  const round = secrets.step();
  await settled(); // its login is judged after the change, and answered after the order is done
  await secrets.use("new-one", password, "an operator has changed its password");
  arrive();
  await round;
  assert.deepEqual([applied, password.known], [["new-one"], { inUse: "new-one", other: "old", waits: false }]);
});

test("of two values that are put in place at once the later stays", async () => {
  const { secrets } = given();
  const ends: (() => void)[] = [];
  let file = "old";
  const slow = secrets.add("OTHER", "web", "old", async (value) => {
    await new Promise<void>((end) => ends.push(end));
    file = value;
  });
  const uses = ["second", "third"].map(async (value) => {
    if (value === "third") await settled();
    await secrets.use(value, slow, "it is tested");
  });
  await settled();
  await settled();
  while (ends.length > 0) {
    ends.pop()!(); // the later one ends first, if both have begun
    await settled();
  }
  await Promise.all(uses);
  assert.deepEqual([file, slow.unapplied], ["third", false]);
});

test("an empty, missing or broken file keeps the value, is logged once and is reported until it is right", async () => {
  const { secrets, files, lines, password } = given();
  for (const [text, why] of [["", /is empty/], [null, /cannot be read \(ENOENT\)/], ["a\nb", /line break/]] as const) {
    if (text === null) files.delete("/secret");
    else files.set("/secret", text);
    await secrets.step();
    await secrets.step();
    assert.match(secrets.troubles()[0]!.because, why);
    assert.deepEqual(password.known, { inUse: "old", other: null, waits: false });
  }
  assert.equal(lines.filter((l) => l.includes("The file of a secret is not taken")).length, 3);
  files.set("/secret", "old");
  await secrets.step();
  assert.deepEqual(secrets.troubles(), []);
});

test("a new value never reaches the log", async () => {
  const { secrets, files, lines, server } = given();
  files.set("/secret", "hush-hush");
  server.password = "hush-hush";
  await secrets.step();
  secrets.files.watch(variable, (value) => {
    throw new Error(`no ${value}`);
  });
  await secrets.step();
  assert.ok(lines.length > 0);
  assert.doesNotMatch(lines.join(), /hush-hush/);
});

test("the log hides what is in use and the last values of each file, and forgets what counts no more", async () => {
  const { secrets, files, lines, log } = given();
  const said = (text: string) => {
    log.info("A role was set right", { role: text, because: "it is tested" });
    return JSON.parse(lines.at(-1)!).role;
  };
  for (let change = 0; change < 5; change++) {
    files.set("/secret", `value-${change}`);
    await secrets.step();
  }
  assert.equal(said("value-4 value-3"), "*** ***");
  assert.equal(said("value-1"), "value-1");
  assert.notEqual(said("value-4"), "value-4");
  const held = secrets.add("OTHER", "web", "the-one-in-use", () => Promise.resolve());
  secrets.given(held, "the-next-one");
  files.set("/secret", "value-5");
  await secrets.step();
  files.set("/secret", "value-6");
  await secrets.step();
  assert.equal(said("the-one-in-use the-next-one first value-5"), "*** *** *** ***");
});

test("what could not be put in place is put there at the next round", async () => {
  const { secrets, files, server } = given();
  const tries: string[] = [];
  const failing = secrets.add("OTHER", "web", "old", (value) => {
    tries.push(value);
    return tries.length < 3 ? Promise.reject(new Error("no room")) : Promise.resolve();
  });
  secrets.given(failing, "new-one");
  files.set("/secret", "new-one");
  server.password = "new-one";
  for (let round = 0; round < 5; round++) await secrets.step().catch(() => {});
  assert.deepEqual(tries, ["new-one", "new-one", "new-one"]);
});

test("a password that cannot be put in place keeps no other from being followed, and each failure is reported", async () => {
  const { secrets, files, server, applied } = given();
  const why = ["pgpool is down", "pgpool is down", "no room"];
  for (const text of why) {
    const failing = secrets.add("OTHER", "web", "old", () => Promise.reject(new Error(text)));
    secrets.given(failing, "new-one");
  }
  const last = secrets.add("LAST", "web", "old", (value) => Promise.resolve(void applied.push(value)));
  secrets.given(last, "new-one");
  files.set("/secret", "new-one");
  server.password = "new-one";
  await assert.rejects(secrets.step(), /^AggregateError: pgpool is down; no room$/);
  assert.deepEqual([applied, last.known.inUse], [["new-one", "new-one"], "new-one"]);
});

test("where the server asks for no password the file's value is taken at once", async () => {
  const { secrets, files, applied } = given(true);
  files.set("/secret", "new-one");
  await secrets.step();
  assert.deepEqual(applied, ["new-one"]);
});

test("the key: the new one signs at once, the former is accepted until it is dropped", async () => {
  const { secrets, ring } = given();
  secrets.keysAre("CLUSTER_KEY", "first", ["first"]);
  secrets.keysAre("CLUSTER_KEY", "second", ["second"]);
  assert.deepEqual([secrets.keys, ring.formerSigners], [["second", "first"], ["first"]]);
  assert.match(secrets.troubles()[0]!.fix, /rotate key/);
  const asked = { do: "drop", role: null, variable: "CLUSTER_KEY" };
  const answer = await secretsAnswer(secrets).carryOut(asked) as { secrets: { other: unknown }[] };
  assert.deepEqual([secrets.keys, ring.formerSigners, answer.secrets[0]!.other], [["second"], [], null]);
});

test("the answer shows no value, and a former password is dropped only where the new one works", async () => {
  const { secrets, files, server, password } = given();
  files.set("/secret", "new-one");
  const tell = { do: "tell", role: "app", variable: null };
  const answer = await secretsAnswer(secrets).carryOut(tell);
  assert.doesNotMatch(JSON.stringify(answer), /old|new-one/);
  await assert.rejects(secretsAnswer(secrets).carryOut({ ...tell, do: "drop" }), /not in use yet/);
  server.password = "new-one";
  await secrets.step();
  const reconnected: string[] = [];
  const reconnect = (role: string) => Promise.resolve(void reconnected.push(role));
  server.answers = false;
  await assert.rejects(secretsAnswer(secrets, { reconnect }).carryOut({ ...tell, do: "drop" }), /does not work/);
  server.answers = true;
  await secretsAnswer(secrets, { reconnect }).carryOut({ ...tell, do: "drop" });
  await secretsAnswer(secrets, { reconnect }).carryOut({ ...tell, do: "drop" });
  assert.deepEqual([password.known.other, reconnected], [null, ["app"]]);
});

test("a password that merely differs from that of the database is reported, and no longer once it is right", async () => {
  const { secrets, server, clock } = given();
  server.password = "else";
  await secrets.step();
  assert.match(secrets.troubles()[0]!.because, /^PASSWORD is not the password of app in the database$/);
  server.password = "old";
  await clock.pass(31_000);
  await secrets.step();
  assert.deepEqual(secrets.troubles(), []);
});

test("a former key that was derived from a password is shown and dropped with it, also after the password is forgotten", async () => {
  const { secrets, ring, password, server } = given();
  secrets.keysAre("PASSWORD", "old", ["first"]);
  server.password = "new-one";
  secrets.given(password, "new-one");
  secrets.derived("new-one");
  await secrets.step();
  password.known = { inUse: "new-one", other: null, waits: false };
  const asked = { role: "app", variable: "PASSWORD" };
  const asks = async (what: string) =>
    (await secretsAnswer(secrets).carryOut({ ...asked, do: what }) as { secrets: { other: unknown }[] }).secrets;
  assert.notEqual((await asks("tell"))[0]?.other, null);
  assert.equal((await asks("drop"))[0]?.other, null);
  assert.ok(!ring.keys.includes("first"));
});
