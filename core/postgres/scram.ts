// Passwords as PostgreSQL stores them: SCRAM-SHA-256 (RFC 5802, RFC 7677), and what is left of md5. A password is compared with
// what is stored, and what is to be stored is computed here, so that no password is in a statement or in a log.
import { createHash, createHmac, pbkdf2, timingSafeEqual } from "node:crypto";
import { promisify } from "node:util";

/** In a thread of its own: an agent answers for its lease meanwhile. */
const stretch = promisify(pbkdf2);

/** PostgreSQL's own number (scram-common.h), and bytes of salt. */
const iterations = 4096;
export const saltBytes = 16;

/** "other": a kind of hash that this file does not know. */
export type PasswordKind = "none" | "scram" | "md5" | "other";

export function kindOf(stored: string | null): PasswordKind {
  if (stored === null) return "none";
  if (pattern.test(stored)) return "scram";
  return /^md5[0-9a-f]{32}$/.test(stored) ? "md5" : "other";
}

const pattern = /^SCRAM-SHA-256\$(\d{1,9}):([A-Za-z0-9+/=]+)\$([A-Za-z0-9+/=]+):([A-Za-z0-9+/=]+)$/;

/** Whether pg_authid.rolpassword is of this password. */
export async function isOf(password: string, stored: string): Promise<boolean> {
  const [, rounds, salt, storedKey] = pattern.exec(stored) ?? [];
  if (rounds === undefined || salt === undefined || storedKey === undefined) return false;
  const wanted = Buffer.from(storedKey, "base64");
  const keys = await keysOf(password, Buffer.from(salt, "base64"), Number(rounds));
  return keys.stored.length === wanted.length && timingSafeEqual(keys.stored, wanted);
}

/** What `alter role ... password` takes in place of this password. `salt` is random. */
export async function verifierOf(password: string, salt: Buffer): Promise<string> {
  const { stored, server } = await keysOf(password, salt, iterations);
  return `SCRAM-SHA-256$${iterations}:${salt.toString("base64")}$${stored.toString("base64")}:${
    server.toString("base64")
  }`;
}

async function keysOf(password: string, salt: Buffer, rounds: number): Promise<{ stored: Buffer; server: Buffer }> {
  const salted = await stretch(prepared(password), salt, rounds, 32, "sha256");
  const hmac = (text: string) => createHmac("sha256", salted).update(text).digest();
  return { stored: createHash("sha256").update(hmac("Client Key")).digest(), server: hmac("Server Key") };
}

// deno-lint-ignore no-control-regex -- control characters are what SASLprep prohibits
const prohibited = /[\u0000-\u001f\u007f-\u009f\ud800-\udfff\ue000-\uf8ff\ufff9-\ufffd]/;
const spaces = /[\u00a0\u1680\u2000-\u200b\u202f\u205f\u3000]/g;
const nothing = /[\u00ad\u034f\u1806\u180b-\u180d\u200c\u200d\u2060\ufe00-\ufe0f\ufeff]/g;

/** SASLprep (RFC 4013) as far as passwords that people type need it; PostgreSQL takes one that it prohibits as it is. */
export function prepared(password: string): string {
  const mapped = password.replace(spaces, " ").replace(nothing, "").normalize("NFKC");
  return mapped === "" || prohibited.test(mapped) ? password : mapped;
}
