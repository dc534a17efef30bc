// Looks at the TLS of the running server now and then: what has become wrong with its files shows only at the next start.
import { z } from "zod";
import { tlsWanted } from "../../../core/postgres/tls-files.ts";
import { lookAtTls, readCertificateEnd } from "../../../core/runtime/tls-files.ts";
import { errorText } from "../../../core/words/errors.ts";
import type { Node } from "../node.ts";
import { connectLocal, type Sql, withConnection } from "../tools/queries.ts";

/** How often, and how long one look at the settings may take, milliseconds. */
const everyMs = 60_000;
const lookMs = 3_000;
/** A certificate that ends within this time is named, milliseconds. */
const soonMs = 14 * 24 * 3_600_000;

const SettingRow = z.object({ name: z.string(), value: z.string() });

/** ssl and the settings below it, also those of ALTER SYSTEM. */
async function readTlsSettings(sql: Sql) {
  const rows = await sql`select name, setting as value from pg_settings where starts_with(name, 'ssl') order by name`;
  return z.array(SettingRow).parse([...rows]);
}

/** Keeps what the status says of TLS up to date until the node stops. It never throws. */
export async function watchTls({ clock, condition, config, log, seen, stop }: Node): Promise<void> {
  while (!stop.aborted) {
    const role = seen.role();
    const serves = role === "primary" || role === "standby";
    if (serves) {
      try {
        const settings = await withConnection(connectLocal("postgres"), lookMs, readTlsSettings);
        const wanted = tlsWanted("postgres", settings, config.pgdata);
        const faults = wanted === null ? [] : await lookAtTls(wanted, { nowMs: clock.wallMs(), soonMs });
        const certificateEndsMs = wanted === null ? null : await readCertificateEnd(wanted);
        condition.tlsIs({ on: wanted !== null, faults, certificateEndsMs });
      } catch (error) {
        log.debug("TLS could not be looked at", { why: errorText(error) });
      }
    }
    await clock.sleep(serves ? everyMs : 1_000, stop);
  }
}
