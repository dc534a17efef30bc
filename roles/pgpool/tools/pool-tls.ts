// Refuses what CONFIGS says of TLS where pgpool could not use it: pgpool itself goes on without TLS, and clients do not notice.
import { hostname } from "node:os";
import type { PgpoolConfig } from "../../../config/pgpool.ts";
import type { Setting } from "../../../config/list-syntax.ts";
import { tlsWanted } from "../../../core/postgres/tls-files.ts";
import type { WithTls } from "../../../core/postgres/tls.ts";
import type { Log } from "../../../core/runtime/log.ts";
import type { KeyRing } from "../../../core/protocol/signing.ts";
import type { Clock } from "../../../core/runtime/time.ts";
import { TlsMaterial } from "../../../core/runtime/tls-material.ts";
import { tlsHosts } from "../../../core/runtime/tls-names.ts";
import { lookAtTls, tlsRefusal } from "../../../core/runtime/tls-files.ts";
import { publishedPasswords } from "../../../config/published.ts";
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

/** It was given no secret of the cluster: it cannot tell the nodes' answers from others, and believes them as 1.x did. */
export const hasPublicKey = ({ clusterKeys, replicationPassword }: PgpoolConfig): boolean =>
  clusterKeys.length === 0 && publishedPasswords({ REPLICATION_PASSWORD: replicationPassword }).length > 0;

/** Writes the files of TLS. Throws OperatorError. */
export async function preparePoolTls(
  config: PgpoolConfig,
  { keys, formerSigners, clock, log }: KeyRing & { clock: Clock; log: Log },
): Promise<TlsMaterial> {
  const hosts = tlsHosts(config.networkName, hostname(), config.tlsNames);
  const because =
    "its TLS follows from the default of REPLICATION_PASSWORD, since it was given no key of the cluster: it " +
    "connects to no node that has another one";
  const fix = "set CLUSTER_KEY to the same value in all containers, or REPLICATION_PASSWORD of the nodes here, too";
  const tls = new TlsMaterial({
    config,
    keys,
    formerSigners,
    hosts,
    doubt: hasPublicKey(config) ? { because, fix } : null,
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
