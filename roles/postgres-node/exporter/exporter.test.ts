// When PostgreSQL is read for metrics, and what a scrape shows of it: the last values and their age, nothing that is not known.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createLog } from "../../../core/runtime/log.ts";
import { Exporter } from "./exporter.ts";
import type { RoundDeps } from "./rounds.ts";
import { settingFamilies } from "./settings.ts";
import { type ExporterSession, familiesOf, isRefusal, type Row } from "./source.ts";

const asked = (sql: string) => /from (pg_\w+|pg_ls_waldir)/.exec(sql)?.[1] ?? sql;

/** An exporter of a server that answers each query with one row, or as `answer` says. */
function made(answer: (view: string) => readonly Row[] | Error = () => [{}]) {
  let nowMs = 0;
  const seen = { server: "answers" as ReturnType<RoundDeps["server"]>, queries: [] as string[], sessions: 0, open: 0 };
  const logged: string[] = [];
  const connect = (): ExporterSession => {
    seen.sessions++;
    seen.open++;
    return {
      rows: (sql) => {
        const view = asked(sql);
        seen.queries.push(view);
        const rows = answer(view);
        return rows instanceof Error ? Promise.reject(rows) : Promise.resolve(rows);
      },
      close: () => void seen.open--,
    };
  };
  const exporter = new Exporter({
    clock: { nowMs: () => nowMs, wallMs: () => nowMs, sleep: () => Promise.resolve() },
    log: createLog({ level: "INFO", write: (line) => void logged.push(line), wallMs: () => 0 }),
    signal: new AbortController().signal,
    server: () => seen.server,
    connect,
    label: "n1:5432",
    tables: 5,
    versions: { postgres: "17" },
  });
  return { exporter, seen, logged, pass: (ms: number) => nowMs += ms };
}
const values = (text: string, name: string) =>
  text.split("\n").filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `));
/** As the driver throws it in the executable, in which its class has another name. */
const serverSaid = (message: string, severity = "ERROR") => Object.assign(new Error(message), { name: "a", severity });
const database = (view: string) => view === "pg_database" ? [{ datname: "db", size_bytes: 7, count: 1 }] : [{}];

test("what was last read is shown with its age; sources that cost disk reads are read every 30 s", async () => {
  const { exporter, seen, pass } = made(database);
  await exporter.round();
  const first = seen.queries.filter((view) => view === "pg_stat_user_tables").length;
  for (let i = 0; i < 2; i++) {
    pass(10_000);
    await exporter.round();
  }
  assert.equal(seen.queries.filter((view) => view === "pg_stat_user_tables").length, first);
  assert.equal(seen.queries.filter((view) => view === "pg_stat_archiver").length, 3);
  pass(3_000);
  const text = exporter.text();
  assert.deepEqual(values(text, "pg_database_size_bytes"), ['pg_database_size_bytes{datname="db"} 7']);
  assert.ok(text.includes('postdock_metrics_age_seconds{source="database"} 23\n'));
  assert.ok(text.includes('postdock_metrics_age_seconds{source="wal"} 3\n'));
  pass(7_000);
  await exporter.round();
  assert.ok(seen.queries.filter((view) => view === "pg_stat_user_tables").length > first);
  assert.equal(seen.sessions, 1);
});

test("without a server nothing is asked and nothing is shown", async () => {
  const { exporter, seen } = made(database);
  await exporter.round();
  seen.server = "none";
  const before = seen.queries.length;
  await exporter.round();
  assert.equal(seen.queries.length, before);
  assert.equal(seen.open, 0);
  assert.deepEqual(values(exporter.text(), "pg_database_size_bytes"), []);
  assert.deepEqual(values(exporter.text(), "pg_scrape_collector_success"), []);
});

test("one query that the server refuses hides its own values only, and is reported once", async () => {
  const { exporter, seen, logged } = made((view) =>
    view === "pg_roles" ? serverSaid("no such column") : database(view)
  );
  await exporter.round();
  await exporter.round();
  const text = exporter.text();
  assert.ok(text.includes('pg_scrape_collector_success{collector="roles"} 0\n'));
  assert.ok(text.includes('pg_scrape_collector_success{collector="settings"} 1\n'));
  assert.ok(text.includes("pg_exporter_last_scrape_error 1\n"));
  assert.ok(text.includes("pg_database_size_bytes"));
  assert.equal(logged.filter((line) => line.includes("no such column")).length, 1);
  assert.ok(logged[0]!.includes('"source":"roles"'));
  assert.ok(seen.queries.filter((view) => view === "pg_roles").length === 2, "it is tried again at the next round");
});

test("a server that does not answer is asked once a round, and no old value is shown as if it were known", async () => {
  let answers = true;
  const { exporter, seen, pass } = made((view) => answers ? database(view) : new Error("connect ECONNREFUSED"));
  await exporter.round();
  answers = false;
  pass(10_000);
  const before = seen.queries.length;
  await exporter.round();
  assert.equal(seen.queries.length, before + 1);
  const text = exporter.text();
  assert.deepEqual(values(text, "pg_wal_segments"), []);
  assert.ok(text.includes('pg_scrape_collector_success{collector="settings"} 0\n'));
  assert.ok(
    text.includes('postdock_metrics_age_seconds{source="settings"} 10\n'),
    "a vain attempt makes nothing younger",
  );
  assert.equal(seen.open, 0, "a session that may still be busy is closed");
  answers = true;
  await exporter.round();
  assert.ok(exporter.text().includes('pg_scrape_collector_success{collector="settings"} 1\n'));
});

test("while the server is silent nothing is asked or known, and every age grows; without a server there is none", async () => {
  const { exporter, seen, pass } = made(database);
  await exporter.round();
  const before = seen.queries.length;
  seen.server = "silent";
  for (let i = 0; i < 3; i++) {
    pass(60_000);
    await exporter.round();
  }
  assert.equal(seen.queries.length, before);
  const text = exporter.text();
  assert.deepEqual(values(text, "pg_database_size_bytes"), []);
  const ages = values(text, "postdock_metrics_age_seconds");
  assert.ok(ages.length > 10 && ages.every((line) => line.endsWith(" 180")), ages.join());
  seen.server = "none";
  await exporter.round();
  assert.deepEqual(values(exporter.text(), "postdock_metrics_age_seconds"), []);
});

test("rows become samples; null labels are empty, null values are left out, booleans are 0 or 1", () => {
  const families = familiesOf(
    {
      name: "s",
      sql: "",
      server: true,
      labels: ["name"],
      columns: [{ name: "x_up", type: "gauge", help: "X", column: "up" }],
    },
    [{ name: null, up: true }, { name: "b", up: null }],
    "n1:5432",
  );
  assert.deepEqual(families[0]!.samples, [{ labels: { name: "", server: "n1:5432" }, value: 1 }]);
});

test("settings are shown in seconds and bytes, with the unit in the name; -1 stays, an unknown unit is left out", () => {
  const row = (name: string, setting: string, unit: string, vartype = "integer") => ({
    name,
    setting,
    unit,
    vartype,
    short_desc: "d",
  });
  const shown = settingFamilies([
    row("shared_buffers", "16384", "8kB"),
    row("wal_segment_size", "16777216", "B"),
    row("deadlock_timeout", "1000", "ms"),
    row("checkpoint_timeout", "300", "s"),
    row("log_min_duration_statement", "-1", "ms"),
    row("pg_stat_statements.track", "on", "", "bool"),
    row("seq_page_cost", "1.5", "", "real"),
    row("odd", "1", "parsec"),
  ], "n1:5432").map(({ name, samples }) => [name, samples[0]!.value]);
  assert.deepEqual(shown, [
    ["pg_settings_shared_buffers_bytes", 134217728],
    ["pg_settings_wal_segment_size_bytes", 16777216],
    ["pg_settings_deadlock_timeout_seconds", 1],
    ["pg_settings_checkpoint_timeout_seconds", 300],
    ["pg_settings_log_min_duration_statement_seconds", -1],
    ["pg_settings_pg_stat_statements_track", 1],
    ["pg_settings_seq_page_cost", 1.5],
  ]);
});

test("a session that the server refuses or ends is not the refusal of one query", () => {
  assert.equal(isRefusal(serverSaid("no such column")), true);
  assert.equal(isRefusal(serverSaid("sorry, too many clients already", "FATAL")), false);
  assert.equal(isRefusal(Object.assign(new Error("write CONNECTION_CLOSED"), { code: "CONNECTION_CLOSED" })), false);
});
