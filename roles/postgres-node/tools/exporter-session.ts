// The session in which metrics are read.
import type { ExporterSession, ReadAs, Row } from "../exporter/source.ts";
import { connectLocal } from "./queries.ts";

/** As pg_monitor, which may see statistics and no data, with names from pg_catalog alone. */
const settings = { role: "pg_monitor", search_path: "pg_catalog", application_name: "postdock metrics" };
/** Limits of a statement, and of its wait for a lock; of the transaction, since settings of the session would be shown. */
const limits = "set local statement_timeout = '3s'; set local lock_timeout = '500ms'";
const databaseIsGone = "3D000";

/** A session with a database; with that of the superuser, if it is gone. */
export function connectExporter(database: string): ExporterSession {
  let sql = connectLocal(database, settings);
  const rows = async (text: string, as: ReadAs): Promise<readonly Row[]> => {
    if (as === "plain") return await sql.unsafe(text);
    return await sql.begin("read only", async (tx) => {
      await tx.unsafe(as === "superuser" ? `${limits}; set local role none` : limits);
      return await tx.unsafe(text);
    });
  };
  return {
    rows: async (text, as) => {
      try {
        return await rows(text, as);
      } catch (error) {
        if ((error as { code?: string }).code !== databaseIsGone) throw error;
        await sql.end({ timeout: 0 });
        sql = connectLocal("postgres", settings);
        return await rows(text, as);
      }
    },
    close: () => void sql.end({ timeout: 0 }).catch(() => {}),
  };
}
