// One attempt to become primary at a time, each with its own end.
import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock } from "../../../tests/support/fake-clock.ts";
import { Candidacy } from "./candidacy.ts";

test("a second attempt is refused while one is under way, and allowed after its end", () => {
  const candidacy = new Candidacy(new FakeClock());
  const first = candidacy.begin("repmgrd");
  assert.equal(candidacy.begin("the agent"), null);
  assert.equal(candidacy.current, first);
  first?.end();
  assert.equal(candidacy.current, null);
  assert.notEqual(candidacy.begin("the agent"), null);
});

test("the timeout of an earlier attempt does not end a later one", async () => {
  const clock = new FakeClock();
  const candidacy = new Candidacy(clock);
  const first = candidacy.begin("the first");
  first?.expireAfter(15_000);
  await clock.pass(10_000);
  first?.end();
  const second = candidacy.begin("the second");
  second?.expireAfter(15_000);
  await clock.pass(10_000);
  assert.equal(candidacy.current, second, "15 s of the first are over, not those of the second");
  await clock.pass(5_000);
  assert.equal(candidacy.current, null);
});

test("an attempt that is kept lasts until its end", async () => {
  const clock = new FakeClock();
  const candidacy = new Candidacy(clock);
  const bid = candidacy.begin("the agent");
  bid?.expireAfter(15_000);
  bid?.keep();
  await clock.pass(60_000);
  assert.equal(candidacy.current, bid);
  candidacy.settle();
  assert.equal(candidacy.current, null);
});
