// The session in which metrics are read.
import { z } from "zod";
import type { NodeConfig } from "../../../config/postgres-node.ts";
import { rowsToFetch } from "../exporter/custom-queries.ts";
import type { ExporterSession, ReadAs, Row } from "../exporter/source.ts";
import { connectLocal, type Sql } from "./queries.ts";

/** As pg_monitor, which may see statistics and no data, with names from pg_catalog alone. */
const settings = { role: "pg_monitor", search_path: "pg_catalog", application_name: "postdock metrics" };
/** Limits of a statement, and of its wait for a lock; of the transaction, since settings of the session would be shown. */
const limits = "set local statement_timeout = '3s'; set local lock_timeout = '500ms'";

/** The database whose tables have series: POSTGRES_DB, or where that is not set or gone, the oldest one that is the operator's. */
async function chosen({ postgresDb: given, ...config }: MetricsConfig): Promise<string> {
  const sql = connectLocal("postgres", config, settings);
  try {
    const rows = await sql`
      select datname from pg_database
      where datname = ${given} or (datallowconn and not datistemplate and datname not in ('postgres', ${config.replicationDb}))
      order by datname = ${given} desc, oid limit 1`;
    return z.string().parse(rows[0]?.datname ?? "postgres");
  } finally {
    await sql.end({ timeout: 0 });
  }
}

/** POSTGRES_DB, or ""; and the database of repmgr, which is nobody's to look at. */
type MetricsConfig = Pick<NodeConfig, "postgresDb" | "replicationDb" | "imageVersions">;

/** A session with that database; the next session chooses anew. */
export function connectExporter(config: MetricsConfig): ExporterSession {
  let sql: Sql | null = null;
  return {
    rows: async (text, as) => await rows(sql ??= connectLocal(await chosen(config), config, settings), text, as),
    close: () => void sql?.end({ timeout: 0 }).catch(() => {}),
  };
}

async function rows(sql: Sql, text: string, as: ReadAs): Promise<readonly Row[]> {
  if (as === "plain") return await sql.unsafe(text);
  if (as === "custom") return await customRows(sql, text);
  return await sql.begin("read only", async (tx) => {
    await tx.unsafe(as === "superuser" ? `${limits}; set local role none` : limits);
    return await tx.unsafe(text);
  });
}

/** The extended protocol, which takes one statement at a time. */
const oneStatement = { prepare: false, simple: false };

/** Ends a transaction with what was read in it. */
class TakenBack extends Error {
  constructor(readonly rows: readonly Row[]) {
    super("the transaction is taken back");
  }
}

/** A cursor takes nothing but a query, and the end of the transaction takes back what a function in it has set. */
async function customRows(sql: Sql, text: string): Promise<readonly Row[]> {
  try {
    return await sql.begin("read only", async (tx) => {
      await tx.unsafe(limits);
      await tx.unsafe(`declare custom no scroll cursor for ${text}`, [], oneStatement);
      throw new TakenBack(await tx.unsafe(`fetch forward ${rowsToFetch} from custom`));
    });
  } catch (error) {
    if (error instanceof TakenBack) return error.rows;
    throw error;
  }
}
