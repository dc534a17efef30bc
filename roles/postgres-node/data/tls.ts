// Refuses what CONFIGS says of TLS where PostgreSQL could not use it, before anything is started or made.
import { join } from "node:path";
import type { Setting } from "../../../config/list-syntax.ts";
import type { NodeConfig } from "../../../config/postgres-node.ts";
import { type TlsFile, tlsWanted } from "../../../core/postgres/tls-files.ts";
import { exists, readIfThere } from "../../../core/runtime/files.ts";
import type { Log } from "../../../core/runtime/log.ts";
import type { Clock } from "../../../core/runtime/time.ts";
import { lookAtTls, tlsRefusal } from "../../../core/runtime/tls-files.ts";
import { ExitCode, OperatorError } from "../../../core/words/errors.ts";

/**
 * Checks the files of TLS. `conf`: postgresql.conf as it is to be. A node that has served with these settings is warned and goes
 * on: it votes, whatever its server makes of the files. Throws OperatorError.
 */
export async function requireTlsFiles(
  config: NodeConfig,
  settings: readonly Setting[],
  { conf, clock, log }: { conf: string; clock: Pick<Clock, "wallMs">; log: Log },
): Promise<void> {
  const { pgdata } = config;
  if (config.tls !== "off") return; // core/runtime/tls-material.ts
  const wanted = tlsWanted("postgres", settings, pgdata);
  if (wanted === null) return;
  const hasData = await exists(join(pgdata, "PG_VERSION"));
  // a clone or a restore brings the files that are in the data directory
  const files = hasData ? wanted.files : wanted.files.filter((f) => !isInside(f, pgdata));
  const faults = (await lookAtTls({ ...wanted, files }, clock.wallMs())).faults(0);
  if (faults.length === 0) return;
  const before = await readIfThere(join(pgdata, "postgresql.conf")) ?? "";
  if (hasData && linesOfTls(before) === linesOfTls(conf)) {
    for (const { because, fix } of faults) log.warn("TLS is not as it should be", { because, fix });
    return;
  }
  throw tlsRefusal(faults);
}

const isInside = (file: TlsFile, pgdata: string): boolean => file.path.startsWith(`${pgdata}/`);

const linesOfTls = (conf: string): string => conf.split("\n").filter((line) => /^ssl/i.test(line)).join("\n");

/** What a cluster that is made now lacks for the TLS that it is to have. Throws OperatorError. */
export function requireTlsOfFreshCluster({ settings, pgdata, hostAuthMethod, tls }: NodeConfig): void {
  const files = tlsWanted("postgres", settings, pgdata)?.files;
  const inside = files?.filter((f) => isInside(f, pgdata)) ?? [];
  if (inside.length > 0) {
    throw new OperatorError({
      what: "Cannot make a fresh cluster with TLS (ssl:on in CONFIGS)",
      why: `${inside.map((f) => f.setting).join(" and ")} would be in the data directory, which is empty`,
      fix:
        "mount the files elsewhere, and name them in CONFIGS: ssl_cert_file:/tls/server.crt,ssl_key_file:/tls/server.key",
      exitCode: ExitCode.config,
    });
  }
  if (hostAuthMethod !== "cert" || tls !== "off" || files?.some((f) => f.setting === "ssl_ca_file")) return;
  throw new OperatorError({
    what: "Cannot make a fresh cluster with POSTGRES_HOST_AUTH_METHOD=cert",
    why: "PostgreSQL has nothing to check the clients' certificates with",
    fix: "set TLS=require, with TLS_CERT_FILE, TLS_KEY_FILE and TLS_CA_FILE",
    exitCode: ExitCode.config,
  });
}
