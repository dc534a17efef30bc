// PURE: what follows from a secret that people may have chosen, slowly (scrypt, RFC 7914).
import { scrypt, scryptSync } from "node:crypto";

/** One guess at the secret costs this: 32 MiB, and about 100 ms of a core. */
const stretching = { N: 2 ** 15, r: 8, p: 1, maxmem: 64 * 1024 * 1024 };

/** What it is for, and how many bytes are wanted. */
export interface SlowHash {
  salt: string;
  bytes: number;
}

/** Always the same for the same secret and salt. */
export const slowHash = (secret: string, { salt, bytes }: SlowHash): Buffer =>
  scryptSync(secret, salt, bytes, stretching);

/** The same in a thread of its own, for an agent that answers for its lease meanwhile. */
export function slowHashBeside(secret: string, { salt, bytes }: SlowHash): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  scrypt(secret, salt, bytes, stretching, (error, hash) => error ? reject(error) : resolve(hash));
  return promise;
}
