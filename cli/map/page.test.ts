// The page in every state: what it says first, what it weighs, what it may load, and that no name of a host becomes markup.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { wallMs } from "../../tests/support/map-view.ts";
import { views } from "../../tests/support/map-views.ts";
import { hostile, moreViews } from "../../tests/support/more-map-views.ts";
import { pageOf, partsOf, policy } from "./page.tsx";

const all = { ...views, ...moreViews };
const page = (name: keyof typeof all) => pageOf(partsOf(all[name]()));
const plain = (html: string) =>
  html.replaceAll(/<(style|script)>.*?<\/\1>|<[^>]+>/gs, " ").replaceAll(/\s+/g, " ").replaceAll("&#39;", "'");

/** What a screen reader speaks first, in every state. */
const spoken: Readonly<Record<Exclude<keyof typeof all, "hostile">, string>> = {
  healthy: "All is well: pgmaster leads; writes are accepted; both standbys stream.",
  cascade: "All is well: pgmaster leads; writes are accepted; both standbys stream.",
  fresh: "Starting: The cluster is starting for the first time; no node has data yet.",
  standbyGone: "Look here: pgmaster leads; writes are accepted; one standby of 2 is missing.",
  primaryKilled: "Writes are stopped: pgmaster no longer leads; writes wait for a new leader.",
  promoting: "Writes are stopped: pgslave1 is taking over from pgmaster; writes wait until it leads.",
  failedOver: "Look here: pgslave1 leads; writes are accepted; one standby of 2 is missing.",
  restoring: "Restore under way: pgmaster is being restored to 2026-11-28 11:30:00 UTC: copying; " +
    "writes wait until that has ended.",
  backupAway: "Look here: pgmaster leads; writes are accepted; both standbys stream; backup does not answer.",
  cutOff: "Writes are stopped: pgmaster is on its own; pgslave1 and pgslave2 cannot be reached from here; " +
    "no write is accepted here.",
  noMajority: "Writes are stopped: No node leads; writes wait for a new leader; pgmaster and pgslave1 do not answer.",
  blocked: "Writes are stopped: pgmaster leads; commits are blocked: 0 of 1 required standbys are streaming; " +
    "both standbys are missing.",
  handedOver: "All is well: pgslave1 leads; writes are accepted; both standbys stream.",
  nothingAnswers: "Not known: No database node answers from here.",
};

test("the headline says which node leads, whether writes are accepted, and what is missing", () => {
  for (const [name, text] of Object.entries(spoken)) {
    assert.equal(partsOf(all[name as keyof typeof all]()).spoken, text, name);
  }
});

test("how long a node has been missing stands in the headline, and not in what a screen reader speaks", () => {
  const parts = partsOf(views.standbyGone());
  assert.match(plain(parts.now!), /one standby of 2 is missing for 12 s/);
  assert.doesNotMatch(parts.spoken!, /12 s/);
});

test("the page shows lag, lease, epoch, pool, backups, drill and events with their causes", () => {
  const text = plain(page("healthy"));
  for (
    const said of [
      "streams 18.0 kB, 0.1 s behind",
      "held by pgmaster, 4.2 s left",
      "epoch 7",
      "are balanced over pgmaster, pgslave1 and pgslave2",
      "14 of 93 in use",
      "any moment since 2026-11-26 10:00:30 UTC, for 2 d 2 h, up to now",
      "in 41.3 s: sound, its last commit is of 2026-11-27 16:00:12+00",
      "Promoted : this node is the first primary",
      "postdock barman restore --to '2026-11-28 11:59:30+00'",
    ]
  ) assert.ok(text.includes(said), `${said} is missing in: ${text}`);
});

test("what doctor finds stands there with what to type; it is folded while a failover needs nothing", () => {
  assert.match(page("noMajority"), /<code>postdock cluster failover --force pgslave2<\/code>/);
  assert.doesNotMatch(page("noMajority"), /<details>/);
  assert.match(page("primaryKilled"), /nothing to do yet\.<\/p><details>/);
  assert.match(page("failedOver"), /on their way to the new primary\. There is nothing to do yet\.<\/p><details>/);
  const later = { ...views.failedOver(), wallMs: wallMs + 60_000 };
  assert.doesNotMatch(partsOf(later).todo!, /<details>/, "a minute later what is missing is not on its way");
  assert.equal(partsOf(views.healthy()).todo, "");
});

test("the page weighs less than 60 kB in every state", () => {
  for (const name of Object.keys(all)) {
    const bytes = Buffer.byteLength(page(name as keyof typeof all));
    assert.ok(bytes < 60_000, `${name}: ${bytes}`);
  }
});

test("the policy names the page's own style and script and nothing else, and the page needs nothing else", () => {
  const html = page("failedOver");
  for (const tag of ["style", "script"]) {
    const [, source] = new RegExp(`<${tag}>(.*?)</${tag}>`, "s").exec(html)!;
    const hash = createHash("sha256").update(source!).digest("base64");
    assert.ok(policy.includes(`${tag}-src 'sha256-${hash}'`), tag);
  }
  assert.match(policy, /^default-src 'none'; /);
  assert.doesNotMatch(policy, /unsafe|\*|https?:/);
  const markup = html.replaceAll(/<(style|script)>.*?<\/\1>/gs, "");
  assert.doesNotMatch(markup, /\sstyle=|\son\w+=|https?:|\ssrc=/);
});

test("no name, cause or message becomes markup", () => {
  const parts = partsOf(moreViews.hostile());
  for (const [id, html] of Object.entries(parts)) {
    if (id === "title") continue; // plain text, which the document escapes
    assert.doesNotMatch(html, /<img|<script|alert\([^)]*\)>(?!&)/, id);
  }
  const html = pageOf(parts);
  assert.equal(html.split("<script").length, 2);
  assert.ok(!html.includes(hostile));
});
