// Refuses what CONFIGS says of TLS where pgpool could not use it: pgpool itself goes on without TLS, and clients do not notice.
import { hostname } from "node:os";
import type { PgpoolConfig } from "../../../config/pgpool.ts";
import type { Setting } from "../../../config/list-syntax.ts";
import { tlsWanted } from "../../../core/postgres/tls-files.ts";
import type { WithTls } from "../../../core/postgres/tls.ts";
import type { Log } from "../../../core/runtime/log.ts";
import type { Clock } from "../../../core/runtime/time.ts";
import { TlsMaterial } from "../../../core/runtime/tls-material.ts";
import { tlsHosts } from "../../../core/runtime/tls-names.ts";
import { lookAtTls, tlsRefusal } from "../../../core/runtime/tls-files.ts";
import { configDirectory, settingOf } from "../text/pgpool-conf.ts";

/** Checks the files that `settings` name; a certificate that has ended is only warned about. Throws OperatorError. */
export async function requirePoolTls(
  config: WithTls,
  settings: readonly Setting[],
  { clock, log }: { clock: Pick<Clock, "wallMs">; log: Log },
): Promise<void> {
  if (config.tls !== "off") return; // core/runtime/tls-material.ts
  const all = [{ name: "ssl", value: settingOf("ssl", settings) ?? "off" }, ...settings];
  const wanted = tlsWanted("pgpool", all, configDirectory);
  if (wanted === null) return;
  const seen = await lookAtTls(wanted, clock.wallMs());
  const faults = seen.faults(-Infinity);
  if (faults.length > 0) throw tlsRefusal(faults);
  for (const { because, fix } of seen.faults(0)) {
    log.warn("TLS is not as it should be", { because, fix });
  }
}

/** Writes the files of TLS. Throws OperatorError. */
export async function preparePoolTls(
  config: PgpoolConfig,
  { keys, clock, log }: { keys: readonly string[]; clock: Clock; log: Log },
): Promise<TlsMaterial> {
  const hosts = tlsHosts(config.networkName, hostname(), config.tlsNames);
  const tls = new TlsMaterial({
    config,
    keys,
    hosts,
    needed: config.networkName === null ? [] : [config.networkName],
    clock,
    log,
  });
  await tls.prepare(false);
  return tls;
}

/** pgpool reads its own certificate only when it starts, not at a reload (4.6.1). Which authorities it trusts it reads each time. */
export const tellOfCertificate = (log: Log) => () => {
  log.warn("pgpool shows its new certificate after its next start", {
    fix: "restart this container before the former one ends; sessions through it end then, and clients connect again",
  });
  return Promise.resolve();
};
