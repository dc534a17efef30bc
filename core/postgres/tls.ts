// PURE: how all connections of ours to PostgreSQL are secured. This is the one place where that is chosen.

/** TLS where the server has it, otherwise none, as libpq does (manual, 32.19.3). Whose certificate it is, nobody checks. */
const mode = "prefer";

/** For connection strings: whatever PGSSLMODE says where a program runs. */
export const tlsKeywords = { sslmode: mode } as const;

/** For the driver, in the order in which they are tried. */
export const tlsAttempts = [mode, false] as const;

/** For pgpool.conf: pgpool asks each backend for TLS. Clients get TLS too if there is a certificate. */
export const poolTls: readonly [string, string][] = [["ssl", "on"]];

/**
 * Whether a login that failed with this code may succeed without TLS: pg_hba.conf has no line for TLS (SQLSTATE 28000), or no TLS
 * was agreed on. libpq tries again then, too.
 */
export function maySucceedWithoutTls(code: unknown): boolean {
  return code === "28000" || /^(ERR_SSL|ERR_TLS|ERR_OSSL|ERR_BORINGSSL|EPROTO)/.test(String(code));
}
