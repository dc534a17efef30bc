// How often the page looks at the cluster, and what it remembers from one look to the next.
import assert from "node:assert/strict";
import { test } from "node:test";
import { leader, node } from "../../tests/support/map-view.ts";
import { FakeClock } from "../../tests/support/fake-clock.ts";
import type { AnyStatus } from "../../core/protocol/status.ts";
import type { Session } from "../cluster/gather.ts";
import { Looks } from "./looks.ts";

const whole = () => ({ pgmaster: leader(), pgslave1: node("pgslave1"), pgslave2: node("pgslave2") });

/** A cluster that answers what `statuses` has; `localhost` is pgslave1. */
function world(statuses: () => Readonly<Record<string, AnyStatus | undefined>>, forgetful = "") {
  const clock = new FakeClock();
  const asked: string[] = [];
  const answer = (host: string, path: string) => {
    const name = host === "localhost" ? "pgslave1" : host;
    asked.push(`${name}${path}`);
    const status = statuses()[name];
    if (!status) return Promise.reject(new Error("connection refused"));
    if (path === "/history" && name === forgetful) return Promise.resolve("<html>");
    if (path === "/addresses") return Promise.resolve("{}");
    const event = {
      time: "2026-11-28T11:00:00.000Z",
      node: name,
      event: "Rejoined",
      way: "rewind",
      from: "pgmaster",
      tookMs: 2_100,
    };
    return Promise.resolve(path === "/history" ? JSON.stringify({ entries: [event] }) : JSON.stringify(status));
  };
  const peers = {
    names: { learn: () => {} },
    getText: answer,
    getAnswer: async (host: string, path: string) => ({ status: 200, headers: {}, body: await answer(host, path) }),
  };
  const session = { context: { clock }, peers, named: [], askMs: 100 } as unknown as Session;
  return { clock, asked, looks: new Looks(session, () => node("pgslave1")) };
}

const looksOf = (asked: readonly string[]) => asked.filter((a) => a === "pgmaster/status").length;

test("however many look, the cluster is asked once a second at most, and not at all if nobody does", async () => {
  const { looks, asked, clock } = world(whole);
  assert.deepEqual(asked, []);
  await Promise.all([looks.parts(), looks.parts(), looks.page()]);
  await looks.parts();
  assert.equal(looksOf(asked), 1);
  await clock.pass(1_000);
  await looks.parts();
  assert.equal(looksOf(asked), 2);
});

test("the histories of all nodes are shown, and read every few seconds only", async () => {
  const { looks, asked, clock } = world(whole);
  assert.match((await looks.parts()).events!, /Rejoined.*way rewind, from pgmaster, took 2\.1 s/);
  for (let i = 0; i < 4; i++) {
    await clock.pass(1_000);
    await looks.parts();
  }
  assert.equal(asked.filter((a) => a === "pgmaster/history").length, 1);
});

test("a history that cannot be read is said to be missing, and keeps no other from being shown", async () => {
  const { looks } = world(whole, "pgslave2");
  const { events } = await looks.parts();
  assert.match(events!, /What pgslave2 noted could not be read\./);
  assert.match(events!, /Rejoined/);
  assert.doesNotMatch((await world(whole).looks.parts()).events!, /could not be read/);
});

test("the page remembers which node led, and for how long each has been silent", async () => {
  let statuses: Record<string, AnyStatus | undefined> = whole();
  const { looks, clock } = world(() => statuses);
  await looks.parts();
  statuses = { ...statuses, pgmaster: undefined };
  for (let i = 0; i < 3; i++) {
    await clock.pass(2_000);
    await looks.parts();
  }
  const { now, map, events } = await looks.parts();
  assert.match(now!, /pgmaster no longer leads.*for 6 s/s);
  assert.match(map!, /no answer, 4 s/);
  assert.match(events!, />pgmaster<\/span>/, "its history was read before it fell silent");
});

test("after a pause without anybody who looks, nothing old is claimed", async () => {
  let statuses: Record<string, AnyStatus | undefined> = whole();
  const { looks, clock } = world(() => statuses);
  await looks.parts();
  statuses = { ...statuses, pgmaster: undefined };
  await clock.pass(60_000);
  assert.doesNotMatch((await looks.parts()).now!, /for \d+ s/);
});
