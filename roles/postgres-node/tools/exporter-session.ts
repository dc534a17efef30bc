// The session in which metrics are read.
import type { ExporterSession, ReadAs, Row } from "../exporter/source.ts";
import { connectLocal } from "./queries.ts";

/** As pg_monitor, which may see statistics and no data, with names from pg_catalog alone; limits in milliseconds. */
const settings = {
  role: "pg_monitor",
  search_path: "pg_catalog",
  application_name: "postdock metrics",
  statement_timeout: 3_000,
  lock_timeout: 500,
};
const databaseIsGone = "3D000";

/** A session with a database; with that of the superuser, if it is gone. */
export function connectExporter(database: string): ExporterSession {
  let sql = connectLocal(database, settings);
  const rows = async (text: string, as: ReadAs): Promise<readonly Row[]> => {
    if (as === "plain") return await sql.unsafe(text);
    return await sql.begin("read only", async (tx) => {
      if (as === "superuser") await tx`set local role none`;
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
