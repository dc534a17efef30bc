// What could not be seen is not shown as if it were known, and what is odd does not keep the page from being shown.
import assert from "node:assert/strict";
import { test } from "node:test";
import { backup, event, hour, leader, node, pool, seen, wallMs } from "../../tests/support/map-view.ts";
import { pageOf, partsOf } from "./page.tsx";

const plain = (html: string) => html.replaceAll(/<[^>]*>/g, " ").replaceAll(/\s+/g, " ").replaceAll("&#39;", "'");
const whole = { pgmaster: leader(), pgslave1: node("pgslave1"), pgslave2: node("pgslave2") };
const windowOf = (changes: Parameters<typeof backup>[0]) =>
  plain(partsOf(seen({ ...whole, backup: backup(changes) })).backups!);

test("a catalog that was not read is not an empty one", () => {
  assert.match(windowOf({ catalog: null, backups: null }), /Window not known: the catalog of backups/);
  assert.match(windowOf({ catalog: [], backups: 0 }), /no moment can be restored yet/);
});

test("a window with gaps does not promise any moment, and the example is a moment within it", () => {
  assert.match(windowOf({}), /any moment since/);
  assert.match(windowOf({ gaps: 1 }), /since .*, but not every moment: WAL is missing; postdock barman list shows/);
  const young = windowOf({ catalog: [{ id: "b", endMs: wallMs - 5_000, bytes: 1 }] });
  assert.match(young, /--to '2026-11-28 12:00:26\+00'/);
});

test("a voter that has granted the lease to another, or to nobody yet, is not shown to grant it", () => {
  const says = (grantedTo: string | null) =>
    plain(partsOf(seen({ ...whole, pgslave1: node("pgslave1", { lease: { grantedTo } }) })).lease!);
  assert.match(says("pgmaster"), /pgslave1 grants it/);
  assert.match(says("pgslave2"), /pgslave1 has granted it to pgslave2/);
  assert.match(says(null), /pgslave1 has granted it to nobody since its start/);
});

test("times that are none do not keep the page from being shown", () => {
  const odd = {
    nextBackupMs: 9e300,
    catalog: [{ id: "b", endMs: wallMs - hour, bytes: null }, { id: "c", endMs: -9e300, bytes: 1 }],
  };
  const view = seen({ ...whole, backup: backup(odd) }, {
    events: [event(0, "pgmaster", "Promoted", { time: "yesterday" })],
  });
  const html = pageOf(partsOf(view));
  assert.doesNotMatch(plain(html.replace(/<script>.*<\/script>/s, "")), /NaN|Invalid/);
});

test("a pool that calls the primary by another name sends its writes there all the same", () => {
  const alias = { ...pool("db.internal", { "db.internal": "up", pgslave1: "up" }) };
  const parts = partsOf(seen({ ...whole, pgpool: alias }));
  assert.match(plain(parts.now!), /All is well/);
  assert.doesNotMatch(plain(parts.now!), /db\.internal/);
  const astray = partsOf(seen({ ...whole, pgpool: pool("pgslave1", { pgmaster: "up", pgslave1: "up" }) }));
  assert.match(plain(astray.now!), /pgpool sends writes to pgslave1/);
});

test("twelve nodes and forty events, each with a long reason, weigh less than 60 kB", () => {
  const hosts = Array.from({ length: 11 }, (_, i) => `pgslave${i + 1}`);
  const standbys = hosts.map((host) => [host, node(host, { partners: ["pgmaster", ...hosts] })] as const);
  const events = Array.from(
    { length: 40 },
    (_, i) => event(i * 1_000, "pgmaster", "Rejoined", { because: "x".repeat(200) }),
  );
  const view = seen({ pgmaster: leader(), ...Object.fromEntries(standbys), backup: backup() }, { events });
  const bytes = Buffer.byteLength(pageOf(partsOf(view)));
  assert.ok(bytes < 60_000, `${bytes}`);
});

test("a holder of the lease whose agent does not see its server may serve: nobody is said to be elected, and the cause stands there", () => {
  const trouble = {
    because: "PostgreSQL does not let the agent of this node in: no pg_hba.conf entry",
    fix: "write the line",
  };
  const unseen = node("pgmaster", { postgres: { role: "unknown" }, lease: { held: true }, phase: "running", trouble });
  const lost = { host: "pgmaster", ms: 120_000 };
  const parts = partsOf(seen({ ...whole, pgmaster: unseen }, { lost }));
  assert.match(
    plain(parts.now!),
    /Not known .*pgmaster holds the lease, but its agent cannot see its server ; no pgpool sends it writes ; whether it accepts any/,
  );
  assert.doesNotMatch(plain(parts.now!), /no longer leads|wait for a new leader/);
  assert.equal(parts.story, "");
  assert.match(
    plain(parts.todo!),
    /no primary is in sight: pgmaster holds the lease, .*: PostgreSQL does not let .* Write the line/,
  );
});
