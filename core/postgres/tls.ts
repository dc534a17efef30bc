// PURE: how all connections to PostgreSQL are secured, ours and those of clients. This is the one place where that is chosen.
import type { TlsMode } from "../../config/tls.ts";

/** What TLS says. */
export interface WithTls {
  tls: TlsMode;
}

/** Where each container has its files of TLS: nobody but its own account reads the key. */
export const tlsDirectory = "/run/postdock/tls";
export const tlsFilesIn = (directory: string) => ({
  certificate: `${directory}/server.crt`,
  key: `${directory}/server.key`,
  authorities: `${directory}/ca.crt`,
});
export const tlsPaths = tlsFilesIn(tlsDirectory);

/** Whether a server on the network has to show a certificate for its name before it is told anything. */
export const verifies = ({ tls }: WithTls): boolean => tls === "auto" || tls === "require";

/**
 * For connection strings: whatever PGSSLMODE says where a program runs. Unless servers are checked, TLS where the server has it,
 * otherwise none, as libpq does (manual, 32.19.3).
 */
export function tlsKeywords(config: WithTls): Readonly<Record<string, string>> {
  return verifies(config) ? { sslmode: "verify-full", sslrootcert: tlsPaths.authorities } : { sslmode: "prefer" };
}

/** For the driver. */
export type TlsAttempt = "verify" | "prefer" | false;

/** In the order in which they are tried. */
export const tlsAttempts = (config: WithTls): readonly TlsAttempt[] =>
  verifies(config) ? ["verify"] : ["prefer", false];

/** For postgresql.conf. */
export function serverTls({ tls }: WithTls): readonly [string, string][] {
  if (tls === "off") return [];
  return [
    ["ssl", "on"],
    ["ssl_cert_file", tlsPaths.certificate],
    ["ssl_key_file", tlsPaths.key],
    ["ssl_ca_file", tlsPaths.authorities],
  ];
}

/** For pgpool.conf, beside ssl, with which pgpool asks each backend for TLS. Clients get TLS if there is a certificate. */
export function poolTls(config: WithTls): readonly [string, string][] {
  const clients: [string, string][] = config.tls === "off"
    ? []
    : [["ssl_cert", tlsPaths.certificate], ["ssl_key", tlsPaths.key]];
  const backends: [string, string][] = verifies(config) ? [["ssl_ca_cert", tlsPaths.authorities]] : [];
  return [...clients, ...backends];
}

/** Lines for the head of pg_hba.conf and pool_hba.conf: who is refused without TLS. `roles`: those of the cluster itself, quoted. */
export function refusedWithoutTls({ tls }: WithTls, role: string): string[] {
  if (tls === "require") return ["hostnossl all all all reject", "hostnossl replication all all reject"];
  return tls === "auto" ? [`hostnossl all ${role} all reject`, "hostnossl replication all all reject"] : [];
}

/**
 * Whether a login that failed with this code may succeed without TLS: pg_hba.conf has no line for TLS (SQLSTATE 28000), or no TLS
 * was agreed on. libpq tries again then, too.
 */
export function maySucceedWithoutTls(code: unknown): boolean {
  return code === "28000" || /^(ERR_SSL|ERR_TLS|ERR_OSSL|ERR_BORINGSSL|EPROTO)/.test(String(code));
}
