// Tests of the list of images: tags and aliases follow the convention, and every image can be named alone.
import assert from "node:assert/strict";
import { test } from "node:test";
import { baseOf, defaultOf, imagesNamed, imagesOf, type Versions } from "./matrix.ts";

const trixie = { suite: "trixie", postgres: "17", repmgr: "5.5", pgpool: "4.6", barman: "3.13" };
const sid = { suite: "sid", postgres: "18", repmgr: "5.5", pgpool: "4.7", barman: "3.20" };
const versions: Versions = { postdock: "2.0", combinations: [trixie, sid] };

test("every image has its tag and the same with latest, and only the default is latest and edge", () => {
  assert.deepEqual(imagesOf(versions, trixie).map((i) => i.names), [
    ["2.0-postgres17-repmgr55", "latest-postgres17-repmgr55", "latest", "edge"].map((t) => `postdock/postgres:${t}`),
    ["2.0-pgpool46-postgres17", "latest-pgpool46-postgres17", "latest", "edge"].map((t) => `postdock/pgpool:${t}`),
    ["2.0-barman313-postgres17", "latest-barman313-postgres17", "latest", "edge"].map((t) => `postdock/barman:${t}`),
  ]);
  assert.deepEqual(imagesOf(versions, sid).map((i) => i.names), [
    ["postdock/postgres:2.0-postgres18-repmgr55", "postdock/postgres:latest-postgres18-repmgr55"],
    ["postdock/pgpool:2.0-pgpool47-postgres18", "postdock/pgpool:latest-pgpool47-postgres18"],
    ["postdock/barman:2.0-barman320-postgres18", "postdock/barman:latest-barman320-postgres18"],
  ]);
});

test("an image says which versions it holds", () => {
  assert.deepEqual(imagesOf(versions, sid).map((i) => i.args), [
    { POSTGRES: "18", REPMGR: "5.5", IMAGE_VERSIONS: "postgres=18,repmgr=5.5" },
    { POSTGRES: "18", PGPOOL: "4.7", IMAGE_VERSIONS: "pgpool=4.7,postgres=18" },
    { POSTGRES: "18", BARMAN: "3.20", IMAGE_VERSIONS: "barman=3.20,postgres=18" },
  ]);
});

test("a word chooses images, and one that chooses none is refused with those that do", () => {
  const named = (only: string) => imagesNamed(versions, only).map((i) => i.tag);
  assert.deepEqual(named("postgres18"), [
    "2.0-postgres18-repmgr55",
    "2.0-pgpool47-postgres18",
    "2.0-barman320-postgres18",
  ]);
  assert.deepEqual(named("barman"), ["2.0-barman313-postgres17", "2.0-barman320-postgres18"]);
  assert.deepEqual(named("sid").length, 3);
  assert.deepEqual(named("2.0-pgpool46-postgres17"), ["2.0-pgpool46-postgres17"]);
  assert.throws(() => named("postgres1"), /No image is called "postgres1"/);
});

test("the default shares the base image without a suite in its name", () => {
  assert.equal(defaultOf(versions), trixie);
  assert.deepEqual([trixie, sid].map((c) => baseOf(versions, c)), ["postdock/base:2.0", "postdock/base:2.0-sid"]);
});
