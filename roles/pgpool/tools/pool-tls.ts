// Refuses what CONFIGS says of TLS where pgpool could not use it: pgpool itself goes on without TLS, and clients do not notice.
import type { Setting } from "../../../config/list-syntax.ts";
import { tlsWanted } from "../../../core/postgres/tls-files.ts";
import { poolTls } from "../../../core/postgres/tls.ts";
import type { Log } from "../../../core/runtime/log.ts";
import type { Clock } from "../../../core/runtime/time.ts";
import { lookAtTls, tlsRefusal } from "../../../core/runtime/tls-files.ts";
import { configDirectory } from "../text/pgpool-conf.ts";

/** Checks the files that `settings` name; a certificate that has ended is only warned about. Throws OperatorError. */
export async function requirePoolTls(
  settings: readonly Setting[],
  { clock, log }: { clock: Pick<Clock, "wallMs">; log: Log },
): Promise<void> {
  const all = [...poolTls.map(([name, value]) => ({ name, value })), ...settings];
  const wanted = tlsWanted("pgpool", all, configDirectory);
  if (wanted === null) return;
  const seen = await lookAtTls(wanted, clock.wallMs());
  const faults = seen.faults(-Infinity);
  if (faults.length > 0) throw tlsRefusal(faults);
  for (const { because, fix } of seen.faults(0)) {
    log.warn("TLS is not as it should be", { because, fix });
  }
}
