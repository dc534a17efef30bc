// Statuses of other releases: with unknown words, without later fields, and with anything else in them.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { says } from "../../tests/support/fake-cluster.ts";
import { type Read, readStatus } from "./read-status.ts";
import type { NodeStatus } from "./status.ts";

type Json = Record<string, unknown>;
const genuine = JSON.parse(JSON.stringify(says("pg1"))) as Json;

/** With another value at a place, or without it if the value is undefined. */
function changed(status: Json, place: string, value: unknown): Json {
  const [key = "", ...rest] = place.split(".");
  const inner = rest.length === 0 ? value : changed(status[key] as Json, rest.join("."), value);
  return JSON.parse(JSON.stringify({ ...status, [key]: inner }));
}

function understood(said: unknown): NodeStatus {
  const read = readStatus(said);
  assert.ok(read.ok, "why" in read ? read.why : "");
  return read.status;
}

test("a word that is not known becomes unknown, and the rest stays", () => {
  for (const place of ["phase", "postgres.role", "postgres.data", "lease.mode"]) {
    const status = understood(changed(genuine, place, "a-word-of-2.9"));
    const word = place.split(".").reduce<unknown>((value, key) => (value as Json)[key], status);
    assert.equal(word, "unknown", place);
    assert.deepEqual(changed(status as unknown as Json, place, "x"), changed(genuine, place, "x"));
  }
});

test("later fields that are missing or of another form take their defaults; new fields do no harm", () => {
  const places: [string, unknown, unknown][] = [
    ["trouble", { why: "other words" }, null],
    ["disk", "full", null],
    ["postgres.downstream", [{ name: "of another form" }], []],
    ["consistency", undefined, { mode: "unknown", degraded: null }],
    ["repmgrd", undefined, { running: false, because: null }],
    ["lease.refusals", undefined, []],
    ["schema", 2, 1],
  ];
  for (const [place, value, expected] of places) {
    const status = understood(changed({ ...genuine, tomorrow: { a: 1 } }, place, value));
    assert.deepEqual(place.split(".").reduce<unknown>((v, key) => (v as Json)[key], status), expected, place);
  }
  const all = places.reduce((status, [place, value]) => changed(status, place, value), genuine);
  assert.equal(understood(all).postgres.lsn, (genuine.postgres as Json).lsn);
});

/** What decisions rest on. */
const core = [
  "component",
  "node.id",
  "node.host",
  "postgres.systemIdentifier",
  "postgres.timeline",
  "postgres.lsn",
  "postgres.wasPrimary",
  "lease.held",
  "everHadMajority",
  "forced",
  "becomingPrimary",
  "partners",
  "paused",
  "revision",
];

test("what decisions rest on is never guessed: without it, or in another form, a status is not understood", () => {
  for (const place of core) {
    for (const value of [undefined, { of: "another form" }]) {
      const read = readStatus(changed(genuine, place, value));
      assert.equal(read.ok, false, place);
      assert.match("why" in read ? read.why : "", new RegExp(`^${place.replace(".", "\\.")}`));
    }
  }
  for (const other of [null, 7, "running", [], {}, { component: "pgpool" }]) assert.equal(readStatus(other).ok, false);
});

const anything = fc.oneof(fc.constant(undefined), fc.jsonValue({ maxDepth: 2 }));
const places = fc.constantFrom(
  ...core,
  ...Object.keys(genuine),
  ...Object.keys(genuine.postgres as Json).map((key) => `postgres.${key}`),
  ...Object.keys(genuine.lease as Json).map((key) => `lease.${key}`),
);
const coreOf = ({ node, postgres, lease, forced, everHadMajority, partners, paused }: NodeStatus) => {
  const { systemIdentifier, timeline, lsn, wasPrimary } = postgres;
  return {
    id: node.id,
    host: node.host,
    systemIdentifier,
    timeline,
    lsn,
    wasPrimary,
    held: lease.held,
    forced,
    everHadMajority,
    partners,
    paused,
  };
};

test("whatever is said, reading it ends, and what is understood has the core that was said", () => {
  fc.assert(fc.property(fc.jsonValue(), (said) => typeof readStatus(said).ok === "boolean"), { numRuns: 200 });
  const changes = fc.array(fc.tuple(places, anything), { minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(changes, (list) => {
      let said = genuine;
      for (const [place, value] of list) {
        const [whole = ""] = place.split(".");
        // a place in a part that was replaced before is gone
        if (place !== whole && (typeof said[whole] !== "object" || said[whole] === null)) continue;
        said = changed(said, place, value);
      }
      const read: Read = readStatus(said);
      if (!read.ok) return read.why !== "";
      assert.deepEqual(coreOf(read.status), coreOf({ ...genuine, ...said } as unknown as NodeStatus));
      return true;
    }),
    { numRuns: 400 },
  );
});
