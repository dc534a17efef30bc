// PURE quoting for libpq connection strings, pgpass files and GUC files, in one place each.
import { type HostAuthMethod } from "../../config/shared.ts";
import { acceptedProofs } from "./server-proof.ts";
import type { ImageVersions } from "../../config/image-versions.ts";
import { hasFeature } from "../../config/postgres-features.ts";
import { tlsKeywords, type WithTls } from "./tls.ts";

/** What the variables say of how a server has to prove itself: POSTGRES_HOST_AUTH_METHOD and TLS. */
export interface Trust extends WithTls {
  hostAuthMethod: HostAuthMethod;
  /** libpq is PostgreSQL's */
  imageVersions: Pick<ImageVersions, "postgres">;
}

/**
 * libpq keyword/value string for a server on the network, which has to prove itself: to a libpq before 16 by a certificate alone
 * (docs/images.md). Never put a password in.
 */
export function renderConninfo(parts: Readonly<Record<string, string | number>>, trust: Trust): string {
  return renderKeywords({
    ...parts,
    ...tlsKeywords(trust),
    ...hasFeature(trust.imageVersions, "require_auth")
      ? { require_auth: acceptedProofs(trust.hostAuthMethod).join(",") }
      : {},
  });
}

/** These keywords alone; values are quoted where needed (manual, 32.1.1.1). */
export function renderKeywords(parts: Readonly<Record<string, string | number>>): string {
  return Object.entries(parts).map(([key, value]) => {
    const text = String(value);
    if (/^[A-Za-z0-9_.,\-\/:]+$/.test(text)) return `${key}=${text}`;
    return `${key}='${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
  }).join(" ");
}

/** How a program of PostgreSQL reaches a server: by its name, or at an address that has this name. */
export interface Way {
  host: string;
  hostaddr?: string;
}

/** Reads one keyword of a conninfo string; undefined if it is absent. */
export function conninfoValue(conninfo: string, key: string): string | undefined {
  const pattern = /([A-Za-z_]+)\s*=\s*(?:'((?:[^'\\]|\\.)*)'|((?:[^\s\\']|\\.)*))/g;
  for (const match of conninfo.matchAll(pattern)) {
    if (match[1] === key) return (match[2] ?? match[3] ?? "").replace(/\\(.)/g, "$1");
  }
  return undefined;
}

/** A line of a pgpass file: colons and backslashes are escaped (manual, 32.16). */
export function renderPgpassLine(user: string, password: string): string {
  const escape = (text: string) => text.replaceAll("\\", "\\\\").replaceAll(":", "\\:");
  return `*:*:*:${escape(user)}:${escape(password)}\n`;
}

/** Numbers and switches stand without quotes, as people's scripts look for them. */
const plain = /^(-?\d+(\.\d+)?|on|off)$/;

/** A value of pgpool.conf in single quotes: a backslash quotes a quote, a doubled quote is a syntax error (4.6.1). */
export function quotePoolSetting(value: string): string {
  return plain.test(value) ? value : `'${value.replaceAll(/[\\']/g, "\\$&")}'`;
}

/** A value of postgresql.conf or repmgr.conf in single quotes, or as it is if it is plain (manual, 19.1.2). */
export function quoteSetting(value: string): string {
  return plain.test(value) ? value : `'${value.replaceAll("\\", "\\\\").replaceAll("'", "''")}'`;
}
