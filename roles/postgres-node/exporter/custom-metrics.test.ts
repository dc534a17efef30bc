// When the operator's queries run, and what a scrape shows of them: the last values, their age, and which query fails.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createLog } from "../../../core/runtime/log.ts";
import { CustomMetrics, namesIn } from "./custom-metrics.ts";
import { type CustomQuery, parseQueries } from "./custom-queries.ts";
import type { RoundDeps } from "./rounds.ts";
import type { ExporterSession, ReadAs, Row } from "./source.ts";

function queriesOf(document: unknown): readonly CustomQuery[] {
  const parsed = parseQueries(document);
  assert.ok(parsed.ok, JSON.stringify(parsed));
  return parsed.queries;
}
const metrics = [{ n: { usage: "GAUGE", description: "N" } }];

/** The queries, and a server that answers each with one row, or as `answer` says. */
function made(document: unknown, answer: (sql: string) => readonly Row[] | Error = () => [{ n: 1 }]) {
  let nowMs = 0;
  const seen = { server: "answers" as ReturnType<RoundDeps["server"]>, asked: [] as [string, ReadAs][], open: 0 };
  const logged: string[] = [];
  const connect = (): ExporterSession => {
    seen.open++;
    return {
      rows: (sql, as) => {
        seen.asked.push([sql, as]);
        const rows = answer(sql);
        return rows instanceof Error ? Promise.reject(rows) : Promise.resolve(rows);
      },
      close: () => void seen.open--,
    };
  };
  const custom = new CustomMetrics({ path: "/q.yaml", hash: "ab", queries: queriesOf(document) }, {
    clock: { nowMs: () => nowMs, wallMs: () => nowMs, sleep: () => Promise.resolve() },
    log: createLog({ level: "INFO", write: (line) => void logged.push(line), wallMs: () => 0 }),
    signal: new AbortController().signal,
    server: () => seen.server,
    connect,
  });
  const pass = async (ms: number) => {
    nowMs += ms;
    await custom.round();
  };
  return { custom, seen, logged, pass, lines: (taken = new Set<string>()) => custom.text(taken).split("\n") };
}
/** As the driver throws it in the executable, in which its class has another name. */
const serverSaid = (message: string, severity = "ERROR") => Object.assign(new Error(message), { name: "a", severity });

test("a query runs as the operator's, every 10 s or after cache_seconds, and its age is shown", async () => {
  const { seen, pass, lines } = made({
    often: { query: "select 1 as n", metrics },
    seldom: { query: "select 2 as n", cache_seconds: 30, metrics },
  });
  for (let i = 0; i < 4; i++) await pass(10_000);
  const count = (sql: string) => seen.asked.filter(([asked]) => asked === sql).length;
  assert.deepEqual([count("select 1 as n"), count("select 2 as n")], [4, 2]);
  assert.ok(seen.asked.every(([, as]) => as === "custom"));
  await pass(4_000);
  const text = lines();
  assert.ok(text.includes("often_n 1"));
  assert.ok(text.includes('postdock_custom_query_age_seconds{query="seldom"} 4'));
  assert.ok(text.includes('pg_exporter_user_queries_load_error{filename="/q.yaml",hashsum="ab"} 0'));
});

test("a query that fails hides its own values only, is named in the log once, and as a gauge until it works", async () => {
  let failing = true;
  const document = { bad: { query: "select bad", metrics }, good: { query: "select good", metrics } };
  const { logged, pass, lines, seen } = made(
    document,
    (sql) => failing && sql === "select bad" ? serverSaid("permission denied for table orders") : [{ n: 1 }],
  );
  await pass(10_000);
  await pass(10_000);
  assert.ok(lines().includes('postdock_custom_query_error{query="bad"} 1'));
  assert.ok(lines().includes('postdock_custom_query_error{query="good"} 0'));
  assert.deepEqual([lines().includes("bad_n 1"), lines().includes("good_n 1")], [false, true]);
  assert.equal(logged.length, 1);
  assert.match(logged[0]!, /"query":"bad","why":"permission denied for table orders"/);
  failing = false;
  await pass(10_000);
  assert.ok(lines().includes("bad_n 1") && lines().includes('postdock_custom_query_error{query="bad"} 0'));
  failing = true;
  await pass(10_000);
  assert.equal(logged.length, 2, "a failure after a success is said again");
  assert.ok(seen.open <= 1);
});

test("cache_seconds holds for an answer that is cut; a query that failed is tried again after a minute", async () => {
  let answer: readonly Row[] | Error = [{ n: 1 }, { n: 2 }];
  const { pass, lines, seen } = made({ slow: { query: "select 1", cache_seconds: 3600, metrics } }, () => answer);
  for (let i = 0; i < 4; i++) await pass(10_000);
  assert.equal(seen.asked.length, 1);
  assert.ok(lines().includes("slow_n 1") && lines().includes('postdock_custom_query_error{query="slow"} 1'));
  answer = serverSaid("canceling statement due to statement timeout");
  await pass(3_600_000);
  for (let i = 0; i < 5; i++) await pass(10_000);
  assert.equal(seen.asked.length, 2);
  await pass(10_000);
  assert.equal(seen.asked.length, 3);
});

test("a server that does not answer is asked once a round; without a server nothing is asked or shown", async () => {
  const document = { a: { query: "select 1", metrics }, b: { query: "select 2", metrics } };
  let answers = true;
  const { pass, lines, seen } = made(document, () => answers ? [{ n: 1 }] : new Error("connect ECONNREFUSED"));
  await pass(10_000);
  assert.ok(lines().includes("b_n 1"));
  seen.asked.length = 0;
  answers = false;
  await pass(10_000);
  assert.equal(seen.asked.length, 1);
  assert.equal(seen.open, 0);
  assert.equal(lines().includes("b_n 1"), false, "no old value is shown as if it were known");
  const age = (query: string) => `postdock_custom_query_age_seconds{query="${query}"} 10`;
  assert.ok(lines().includes(age("a")) && lines().includes(age("b")), "a vain attempt makes nothing younger");
  assert.equal(lines().some((line) => line.startsWith('postdock_custom_query_error{query="b"}')), false);
  seen.server = "none";
  await pass(10_000);
  assert.equal(seen.asked.length, 1);
  assert.equal(lines().some((line) => line.includes('{query="a"}')), false);
});

test("a query for other versions of PostgreSQL does not run", async () => {
  const { pass, lines, seen } = made(
    {
      old: { query: "select old", runonserver: "<17", metrics },
      now: { query: "select now", runonserver: ">=17", metrics },
    },
    (sql) => sql.includes("server_version_num") ? [{ version: 170006 }] : [{ n: 1 }],
  );
  await pass(10_000);
  assert.deepEqual(seen.asked.filter(([, as]) => as === "custom").map(([sql]) => sql), ["select now"]);
  assert.ok(lines().includes("now_n 1"));
});

test("no metric is shown twice: what is there under a name counts, and what is left out is said once", async () => {
  const { pass, lines, logged } = made(
    { pg_wal: { query: "select 1", metrics: [{ segments: { usage: "GAUGE" } }] } },
    () => [
      { segments: 3 },
    ],
  );
  await pass(10_000);
  const taken = namesIn("# HELP pg_wal_segments x\n# TYPE pg_wal_segments gauge\npg_wal_segments 5\n");
  assert.deepEqual([...taken], ["pg_wal_segments"]);
  assert.equal(lines(taken).includes("pg_wal_segments 3"), false);
  assert.equal(lines().includes("pg_wal_segments 3"), true);
  lines(taken);
  assert.equal(logged.filter((line) => line.includes('"metric":"pg_wal_segments"')).length, 1);
});
