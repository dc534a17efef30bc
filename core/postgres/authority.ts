// PURE: the cluster's own authority for certificates. Its key follows from the cluster's key, which every container has: each
// makes its own certificate, and can check all others, before it has asked anybody. Who knows the cluster's key could give orders
// to every agent anyway.
import { createECDH, createHash, createPrivateKey, createPublicKey } from "node:crypto";
import { slowHash, slowHashBeside } from "../protocol/slow-hash.ts";
import { certificateText, type Pair } from "./certificate.ts";

/** The number of points on P-256 (FIPS 186-5, SP 800-186 3.2.1.3): a private key is below it. */
const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;

export interface Authority {
  name: string;
  pair: Pair;
  /** its own certificate, PEM: what clients trust */
  certificate: string;
}

const begins = Date.parse("2020-01-01T00:00:00Z");

/**
 * As slow as the cluster's own key: who hears a connection can test guesses of a password by the public key. 16 bytes more than the
 * order has: no key is more likely than another (FIPS 186-5, A.4.1).
 */
const authorityKey = { salt: "postdock cluster authority 1", bytes: 48 };

/** The authority of a key of the cluster: always the same for the same key. Takes about 100 ms. */
export const authorityOf = (clusterKey: string): Authority => authority(slowHash(clusterKey, authorityKey));

/** The same in a thread of its own, for an agent that answers for its lease meanwhile. */
export async function authorityBeside(clusterKey: string): Promise<Authority> {
  return authority(await slowHashBeside(clusterKey, authorityKey));
}

/** The certificate of an authority by which those who trust only the one before it trust it, too. PEM. */
export function crossSigned({ name, pair: { publicKey } }: Authority, issuer: Authority): string {
  const serial = createHash("sha256").update(`${name} by ${issuer.name}`).digest().subarray(0, 8);
  return certificateText({ name, publicKey, issuer, serial, hosts: null, fromMs: begins, untilMs: null });
}

function authority(bytes: Buffer): Authority {
  const pair = pairOf(BigInt(`0x${bytes.toString("hex")}`) % (order - 1n) + 1n);
  const id = createHash("sha256").update(pair.publicKey.export({ type: "spki", format: "der" })).digest();
  // a name of its own for each key: where two are trusted, it says which one signed
  const name = `PostDock cluster ${id.toString("hex").slice(0, 16)}`;
  const own = { name, publicKey: pair.publicKey, issuer: { name, pair }, serial: id.subarray(0, 8) };
  return { name, pair, certificate: certificateText({ ...own, hosts: null, fromMs: begins, untilMs: null }) };
}

function pairOf(scalar: bigint): Pair {
  const d = Buffer.from(scalar.toString(16).padStart(64, "0"), "hex");
  const curve = createECDH("prime256v1");
  curve.setPrivateKey(d);
  const point = curve.getPublicKey();
  const half = (from: number) => point.subarray(from, from + 32).toString("base64url");
  const jwk = { kty: "EC", crv: "P-256", d: d.toString("base64url"), x: half(1), y: half(33) };
  const privateKey = createPrivateKey({ key: jwk, format: "jwk" });
  return { privateKey, publicKey: createPublicKey(privateKey) };
}

const day = 24 * 3_600_000;
/**
 * How long a certificate is valid, and how far it begins before it is made, for clocks that are behind; milliseconds. Long, since
 * pgpool shows a new one only after its next start; together not over the 825 days that some clients take.
 */
export const certificateMs = { valid: 730 * day, before: 90 * day };

/** What a container shows to others: a certificate for its names, signed by the authority, PEM. */
export function issue(
  authority: Authority,
  { hosts, publicKey, serial, nowMs }: {
    hosts: readonly [string, ...string[]];
    publicKey: Pair["publicKey"];
    serial: Uint8Array;
    nowMs: number;
  },
): string {
  return certificateText({
    name: hosts[0].slice(0, 64), // the most that a common name may have
    publicKey,
    issuer: authority,
    hosts,
    serial,
    fromMs: nowMs - certificateMs.before,
    untilMs: nowMs + certificateMs.valid,
  });
}
