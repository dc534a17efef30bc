// PURE: what a server reads and writes, from the views that newer versions of PostgreSQL have: pg_stat_io since 16, pg_aios since 18.
import { hasFeature } from "../../../config/postgres-features.ts";
import { columnsOf, type Source, type Versions } from "./source.ts";

const counts = {
  reads: "Reads of pages or of WAL",
  writes: "Writes of pages or of WAL",
  extends: "Pages that relations were extended by, in operations",
  hits: "Pages found in shared buffers",
  evictions: "Pages that others had to leave shared buffers for",
  fsyncs: "Flushes of files",
};

/** The names begin as those of the view; PostgreSQL 18 counts bytes itself, before that all operations had the same size. */
function io(versions: Versions): Source {
  const own = hasFeature(versions, "io bytes");
  const bytes = { read_bytes: "reads", write_bytes: "writes", extend_bytes: "extends" };
  const bytesOf = ([column, of]: [string, string]) =>
    `coalesce(sum(${own ? column : `${of} * op_bytes`}), 0)::float8 as ${column}`;
  return {
    name: "stat_io",
    feature: "stat_io",
    labels: ["backend_type", "object", "context"],
    sql: `select backend_type, object, context,
      ${Object.keys(counts).map((c) => `coalesce(sum(${c}), 0)::float8 as ${c}`).join(", ")},
      ${Object.entries(bytes).map(bytesOf).join(", ")}
    from pg_stat_io where coalesce(reads, 0) + coalesce(writes, 0) + coalesce(extends, 0) + coalesce(hits, 0) +
      coalesce(fsyncs, 0) > 0
    group by 1, 2, 3`,
    columns: columnsOf("pg_stat_io_", "counter", {
      ...counts,
      read_bytes: "Bytes read",
      write_bytes: "Bytes written",
      extend_bytes: "Bytes that relations were extended by",
    }, "_total"),
  };
}

/** Handles of asynchronous IO that are in use at this moment. */
const aios: Source = {
  name: "aios",
  feature: "asynchronous IO",
  labels: ["operation", "state"],
  sql: `select operation, state, count(*)::float8 as handles from pg_aios where operation is not null group by 1, 2`,
  columns: columnsOf("pg_aios_", "gauge", { handles: "Handles of asynchronous IO in use" }),
};

/** Sources about input and output, of the versions that have them. */
export const ioSources = (versions: Versions): readonly Source[] => [io(versions), aios];
