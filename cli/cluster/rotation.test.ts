import assert from "node:assert/strict";
import { test } from "node:test";
import { meantBy, nextStep, type Told } from "./rotation.ts";

const told = (host: string, changes: Partial<Told> = {}): Told => ({
  host,
  variable: "REPLICATION_PASSWORD",
  role: "replica",
  file: true,
  inUse: ["old"],
  other: null,
  waits: false,
  trouble: null,
  login: "works",
  ...changes,
});
/** Its file has the new value. */
const ready = { other: ["new"], waits: true };
/** It uses the new value and still knows the former. */
const follows = { inUse: ["new"], other: ["old"] };

const step = (...all: Told[]) => nextStep("replication", all, "pg1");

test("nothing is done while a file has the old value, and the container is named", () => {
  const now = step(told("pg1", ready), told("pg2"), told("backup", ready));
  assert.equal(now.do, "wait");
  assert.match("what" in now ? now.what : "", /REPLICATION_PASSWORD on pg2 is not that of REPLICATION_PASSWORD on pg1/);
  assert.equal(step(told("pg1"), told("pg2", ready)).do, "wait");
});

test("the primary stores the new value once all know it; then each has to log in with it; then the former is forgotten", () => {
  assert.deepEqual(step(told("pg1", ready), told("pg2", ready)), { do: "use" });
  assert.equal(step(told("pg1", follows), told("pg2", { ...ready, login: "refused" })).do, "wait");
  assert.equal(step(told("pg1", follows), told("pg2", { ...follows, login: "unknown" })).do, "wait");
  assert.deepEqual(step(told("pg1", follows), told("pg2", follows)), { do: "drop", hosts: ["pg2", "pg1"] });
  assert.deepEqual(step(told("pg1", follows), told("pg2", { inUse: ["new"] })), { do: "drop", hosts: ["pg1"] });
  assert.deepEqual(step(told("pg1", { inUse: ["new"] }), told("pg2", { inUse: ["new"] })), { do: "done" });
});

test("a container that was made anew knows the new value only, and the rotation goes on", () => {
  const anew = told("pg2", { inUse: ["new"], login: "refused" });
  assert.deepEqual(step(told("pg1", ready), anew), { do: "use" });
  assert.equal(step(told("pg1", follows), anew).do, "wait");
});

test("a fixed variable and a file that cannot be taken are refused, and named", () => {
  const fixed = step(told("pg1", ready), told("backup", { file: false }));
  assert.match(fixed.do === "refuse" ? fixed.what : "", /REPLICATION_PASSWORD of backup is a fixed variable/);
  const ofPrimary = step(told("pg1", { file: false }), told("pg2", ready));
  assert.match(ofPrimary.do === "refuse" ? ofPrimary.what : "", /of pg1 is a fixed variable/);
  const broken = step(told("pg1", ready), told("pg2", { ...ready, trouble: "it is empty" }));
  assert.match(broken.do === "refuse" ? broken.what : "", /pg2: it is empty/);
  assert.deepEqual(step(told("pg1", { file: false }), told("pg2", { file: false })), { do: "done" });
});

test("the key: all know the new one, then the former is forgotten, by the primary last", () => {
  const key = (host: string, changes: Partial<Told>) =>
    told(host, { variable: "CLUSTER_KEY", role: "", login: "none", ...changes });
  const of = (...all: Told[]) => nextStep("key", all, "pg1");
  assert.equal(of(key("pg1", follows), key("pg2", {})).do, "wait");
  assert.deepEqual(of(key("pg1", follows), key("pg2", follows)), { do: "drop", hosts: ["pg2", "pg1"] });
});

test("users of pgpool are compared one by one, and what the database lacks is what to type", () => {
  const user = (host: string, name: string, changes: Partial<Told> = {}) =>
    told(host, { variable: `DB_USERS (${name})`, role: name, ...changes });
  const of = (...all: Told[]) => nextStep("users", all, "pg1");
  assert.deepEqual(of(user("pool1", "app"), user("pool1", "web", { inUse: ["x"] })), { do: "done" });
  assert.equal(of(user("pool1", "app"), user("pool2", "app", ready)).do, "wait");
  const waits = of(user("pool1", "app", ready), user("pool2", "app", ready));
  assert.match(waits.do === "wait" ? waits.fix : "", /\\password app in psql on the primary/);
});

test("what is the password of another secret too is rotated as that", () => {
  const all = [told("pg1"), told("pool", { variable: "CHECK_PASSWORD" })];
  const asked = meantBy("check", all, "pg1");
  assert.ok(asked.do === "refuse" && /rotate replication/.test(asked.fix));
  const noKey = meantBy("key", all, "pg1");
  assert.ok(noKey.do === "refuse" && /derived/.test(noKey.what));
  assert.deepEqual(meantBy("replication", all, "pg1"), {
    do: "tell",
    role: "replica",
    variable: "REPLICATION_PASSWORD",
  });
});
