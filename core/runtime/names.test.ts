import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock, settled } from "../../tests/support/fake-clock.ts";
import { Names, UnknownName } from "./names.ts";

test("an address that is known stays while DNS does not answer, and waits for nothing", async () => {
  const clock = new FakeClock();
  let answer: () => Promise<string> = () => Promise.resolve("10.0.0.2");
  let asked = 0;
  const names = new Names(clock, () => {
    asked++;
    return answer();
  });
  assert.deepEqual((await names.addressOf("pgmaster", 50)).address, "10.0.0.2");
  answer = () => new Promise(() => {});
  await clock.pass(60_000);
  for (let i = 0; i < 10; i++) assert.equal((await names.addressOf("pgmaster", 50)).address, "10.0.0.2");
  assert.equal(asked, 2, "one lookup of a name is under way at a time");
});

test("DNS is silent after 5 s without an answer, and not while it answers, whatever it says", async () => {
  const clock = new FakeClock();
  let answer: () => Promise<string> = () => Promise.resolve("10.0.0.2");
  const names = new Names(clock, () => answer());
  const asked = async (ms: number) => {
    await clock.pass(ms);
    await names.addressOf("pgmaster", 50);
    await settled();
    return [names.isSilent("pgmaster"), names.wayTo("pgmaster").hostaddr];
  };
  await names.addressOf("pgmaster", 50);
  answer = () => Promise.reject(new Error("ETIMEOUT"));
  assert.deepEqual(await asked(3_000), [false, "10.0.0.2"], "one answer may be late");
  assert.deepEqual(await asked(3_000), [true, "10.0.0.2"]);
  answer = () => Promise.reject(new UnknownName("none runs"));
  assert.deepEqual(await asked(3_000), [false, undefined]);
  answer = () => Promise.reject(new Error("ETIMEOUT"));
  assert.deepEqual(await asked(3_000), [true, undefined], "it was gone by the last answer");
  answer = () => Promise.resolve("10.0.0.2");
  assert.deepEqual(await asked(33_000), [false, undefined]);
  answer = () => Promise.reject(new UnknownName("it says ESERVFAIL", false));
  for (let i = 0; i < 20; i++) await asked(3_000);
  assert.deepEqual(await asked(3_000), [true, "10.0.0.2"], "DNS itself fails");
  answer = () => Promise.resolve("10.0.0.9");
  assert.deepEqual(await asked(33_000), [false, undefined]);
  assert.deepEqual(names.wayTo("pgslave1"), { host: "pgslave1" }, "it was never known");
});

test("after one late answer every known address is kept for 30 s, and each answer renews it", async () => {
  const clock = new FakeClock();
  const answers: Record<string, () => Promise<string>> = {
    pgmaster: () => Promise.resolve("10.0.0.2"),
    pgslave1: () => Promise.resolve("10.0.0.3"),
    pgslave2: () => Promise.reject(new UnknownName("none runs")),
  };
  const names = new Names(clock, (host) => answers[host]!());
  const hosts = Object.keys(answers);
  const kept = async (ms: number) => {
    for (let passed = 0; passed < ms; passed += 2_500) {
      await clock.pass(2_500);
      await Promise.allSettled(hosts.map((host) => names.addressOf(host, 10)));
      await settled();
    }
    return hosts.map((host) => names.wayTo(host).hostaddr ?? null);
  };
  assert.deepEqual(await kept(5_000), [null, null, null], "DNS answers at once");
  answers.pgmaster = () => clock.sleep(2_600).then(() => "10.0.0.2");
  await kept(5_000);
  answers.pgmaster = () => Promise.resolve("10.0.0.2");
  assert.deepEqual(await kept(2_500), ["10.0.0.2", "10.0.0.3", null]);
  answers.pgslave1 = () => Promise.resolve("10.0.0.9");
  assert.deepEqual(await kept(5_000), ["10.0.0.2", "10.0.0.9", null]);
  answers.pgslave1 = () => Promise.reject(new UnknownName("none runs"));
  assert.deepEqual(await kept(2_500), ["10.0.0.2", null, null], "DNS says that it is gone");
  assert.deepEqual(await kept(30_000), [null, null, null]);
});

test("a name that nobody answers for makes the others doubtful only when that begins", async () => {
  const clock = new FakeClock();
  let answer: () => Promise<string> = () => Promise.resolve("10.0.0.3");
  const names = new Names(clock, (host) => host === "pgmaster" ? Promise.resolve("10.0.0.2") : answer());
  const pass = async (ms: number) => {
    for (let passed = 0; passed < ms; passed += 2_500) {
      await clock.pass(2_500);
      await Promise.allSettled(["pgmaster", "pgslave1"].map((host) => names.addressOf(host, 10)));
      await settled();
    }
  };
  await pass(2_500);
  answer = () => Promise.reject(new Error("ETIMEOUT"));
  await pass(5_000);
  assert.equal(names.wayTo("pgmaster").hostaddr ?? null, "10.0.0.2");
  await pass(32_500);
  assert.equal(names.wayTo("pgmaster").hostaddr ?? null, null);
  assert.equal(names.wayTo("pgslave1").hostaddr ?? null, "10.0.0.3");
});

test("a stale address is looked up again behind the answer", async () => {
  const clock = new FakeClock();
  let address = "10.0.0.2";
  const names = new Names(clock, () => Promise.resolve(address));
  await names.addressOf("pgmaster", 50);
  address = "10.0.0.9";
  await clock.pass(2_500);
  assert.equal((await names.addressOf("pgmaster", 50)).address, "10.0.0.2");
  await settled();
  assert.equal((await names.addressOf("pgmaster", 50)).address, "10.0.0.9");
});

test("a name that was never known fails in time, and says whether DNS has answered", async () => {
  const silent = new Names(new FakeClock(), () => new Promise(() => {}));
  await assert.rejects(
    silent.addressOf("pgmaster", 20),
    /name pgmaster could not be resolved within 0.02 s: DNS does not/,
  );
  const refusing = new Names(new FakeClock(), () => Promise.reject(new UnknownName("none runs")));
  await assert.rejects(refusing.addressOf("pgmaster", 20), /name pgmaster does not resolve: none runs/);
});

test("an address that another process told counts while DNS is silent, not where DNS answers or says there is none", async () => {
  const names = (look: () => Promise<string>) => {
    const all = new Names(new FakeClock(), look);
    all.learn({ pgmaster: "10.0.0.7", odd: "not an address" });
    return all;
  };
  const silent = names(() => new Promise(() => {}));
  assert.equal((await silent.addressOf("pgmaster", 20)).address, "10.0.0.7");
  await assert.rejects(silent.addressOf("odd", 20), /DNS does not answer/);
  const answering = names(() => Promise.resolve("10.0.0.2"));
  assert.equal((await answering.addressOf("pgmaster", 20)).address, "10.0.0.2");
  assert.deepEqual(answering.all(), { pgmaster: "10.0.0.2" });
  const saying = (certain: boolean) => names(() => Promise.reject(new UnknownName("none runs", certain)));
  await assert.rejects(saying(true).addressOf("pgmaster", 20), /does not resolve: none runs/);
  assert.equal((await saying(false).addressOf("pgmaster", 20)).address, "10.0.0.7", "DNS itself may have failed");
});

test("what DNS says now is reported, whatever is known", async () => {
  let answer = () => Promise.resolve("10.0.0.2");
  const names = new Names(new FakeClock(), () => answer());
  assert.equal(await names.trouble("pgmaster", 20), null);
  assert.equal(await names.trouble("10.0.0.3", 20), null);
  answer = () => new Promise(() => {});
  assert.match(await names.trouble("pgmaster", 20) ?? "", /pgmaster could not be resolved .* DNS does not answer/);
});

test("addresses and localhost are not looked up", async () => {
  const names = new Names(new FakeClock(), () => Promise.reject(new Error("was asked")));
  assert.deepEqual(await names.addressOf("fd00::1", 20), { address: "fd00::1", family: 6 });
  assert.deepEqual(await names.addressOf("localhost", 20), { address: "127.0.0.1", family: 4 });
});
