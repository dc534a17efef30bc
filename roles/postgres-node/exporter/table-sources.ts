// PURE: the statistics of tables in one database, under the names, types and labels of postgres_exporter 0.17.
import { type Column, columnsOf, epoch, type Source } from "./source.ts";

const tableCounters = {
  seq_scan: "Sequential scans",
  seq_tup_read: "Live rows read by sequential scans",
  idx_scan: "Index scans",
  idx_tup_fetch: "Live rows fetched by index scans",
  n_tup_ins: "Rows inserted",
  n_tup_upd: "Rows updated",
  n_tup_del: "Rows deleted",
  n_tup_hot_upd: "Rows updated in their page",
  vacuum_count: "Times the table was vacuumed by hand",
  autovacuum_count: "Times autovacuum has vacuumed the table",
  analyze_count: "Times the table was analyzed by hand",
  autoanalyze_count: "Times autovacuum has analyzed the table",
};
const tableGauges = {
  n_live_tup: "Estimate of live rows",
  n_dead_tup: "Estimate of dead rows",
  n_mod_since_analyze: "Estimate of rows changed since the last analyze",
};
const tableTimes = {
  last_vacuum: "Last vacuum by hand, seconds since the epoch; 0 for never",
  last_autovacuum: "Last vacuum by autovacuum, seconds since the epoch; 0 for never",
  last_analyze: "Last analyze by hand, seconds since the epoch; 0 for never",
  last_autoanalyze: "Last analyze by autovacuum, seconds since the epoch; 0 for never",
};
const tableLabels = ["datname", "schemaname", "relname"];
const zeroes = (columns: Readonly<Record<string, string>>) =>
  Object.keys(columns).map((c) => `coalesce(${c}, 0)::float8 as ${c}`).join(", ");
/** The largest tables: estimates of pages cost nothing, while exact sizes cost a look at each file. */
const largest = (columns: string, view: string, tables: number) =>
  `select current_database()::text as datname, schemaname::text, relname::text, ${columns} from ${view}
    where relid in (select relid from pg_stat_user_tables join pg_class on pg_class.oid = relid
      order by relpages desc, relid limit ${tables})`;

const userTables = (tables: number): Source => ({
  name: "stat_user_tables",
  slow: true,
  labels: tableLabels,
  sql: largest(
    `${zeroes(tableCounters)}, ${zeroes(tableGauges)},
      ${Object.keys(tableTimes).map((c) => `${epoch(c)} as ${c}`).join(", ")},
      pg_total_relation_size(relid)::float8 as size_bytes`,
    "pg_stat_user_tables",
    tables,
  ),
  columns: [
    ...columnsOf("pg_stat_user_tables_", "counter", tableCounters),
    ...columnsOf("pg_stat_user_tables_", "gauge", {
      ...tableGauges,
      ...tableTimes,
      size_bytes: "Size of the table with its indexes and TOAST data, bytes",
    }),
  ],
});

/** pg_statio_user_tables says "blks", the exporter "blocks". */
const blocks: readonly Column[] = ["heap", "idx", "toast", "tidx"].flatMap((of) =>
  ["read", "hit"].map((what): Column => ({
    name: `pg_statio_user_tables_${of}_blocks_${what}`,
    type: "counter",
    help: `Blocks of ${of} ${what === "read" ? "read from files" : "found in the buffer cache"}`,
    column: `${of}_blks_${what}`,
  }))
);

const ioUserTables = (tables: number): Source => ({
  name: "statio_user_tables",
  slow: true,
  labels: tableLabels,
  sql: largest(
    zeroes(Object.fromEntries(blocks.map(({ column, help }) => [column, help]))),
    "pg_statio_user_tables",
    tables,
  ),
  columns: blocks,
});

/** Statistics of the largest tables, up to so many. */
export function tableSources(tables: number): Source[] {
  return tables === 0 ? [] : [userTables(tables), ioUserTables(tables)];
}
