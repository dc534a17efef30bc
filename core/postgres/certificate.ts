// PURE: writes X.509 certificates (RFC 5280) for keys on the curve P-256. The openssl of older systems cannot date a certificate
// back, and one that begins now is not valid yet for a container whose clock is behind.
import { createHash, type KeyObject, sign } from "node:crypto";
import { isIP } from "node:net";

/** A pair on the curve P-256. */
export interface Pair {
  publicKey: KeyObject;
  privateKey: KeyObject;
}

export interface CertificateText {
  /** common name of the owner */
  name: string;
  publicKey: KeyObject;
  /** who signs: the name and the pair of the authority; for an authority itself its own */
  issuer: { name: string; pair: Pair };
  /** hosts and addresses; null: the certificate of an authority */
  hosts: readonly string[] | null;
  /** positive, up to 20 bytes */
  serial: Uint8Array;
  /** milliseconds since 1970 */
  fromMs: number;
  /** milliseconds since 1970; null: without end (RFC 5280, 4.1.2.5) */
  untilMs: number | null;
}

/** Types of DER (X.690, 8.1.2). */
const types = {
  boolean: 0x01,
  integer: 0x02,
  bits: 0x03,
  octets: 0x04,
  oid: 0x06,
  utf8: 0x0c,
  utcTime: 0x17,
  time: 0x18,
  sequence: 0x30,
  set: 0x31,
} as const;

/** Object identifiers, encoded. */
const oids = {
  ecdsaWithSha256: "2a8648ce3d040302",
  commonName: "550403",
  subjectKeyId: "551d0e",
  keyUsage: "551d0f",
  alternativeNames: "551d11",
  basicConstraints: "551d13",
  authorityKeyId: "551d23",
  extendedKeyUsage: "551d25",
  serverAuth: "2b06010505070301",
  clientAuth: "2b06010505070302",
} as const;

/** A value of DER: its type, its length, its content. */
function der(type: number, ...content: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(content);
  const digits = body.length.toString(16);
  const length = Buffer.from(digits.padStart(digits.length + digits.length % 2, "0"), "hex");
  const long = body.length < 0x80 ? length : Buffer.concat([Buffer.from([0x80 | length.length]), length]);
  return Buffer.concat([Buffer.from([type]), long, body]);
}

const sequence = (...of: readonly Uint8Array[]) => der(types.sequence, ...of);
const bits = (unused: number, content: Uint8Array) => der(types.bits, Buffer.from([unused]), content);
const oid = (hex: string) => der(types.oid, Buffer.from(hex, "hex"));
const yes = der(types.boolean, Buffer.from([0xff]));
const nameOf = (name: string) =>
  sequence(der(types.set, sequence(oid(oids.commonName), der(types.utf8, Buffer.from(name)))));

/** Dates up to 2049 have two digits for the year (RFC 5280, 4.1.2.5). */
function timeOf(ms: number | null): Buffer {
  if (ms === null) return der(types.time, Buffer.from("99991231235959Z"));
  const text = `${new Date(ms).toISOString().replaceAll(/[-:T]/g, "").slice(0, 14)}Z`;
  return text < "2050" ? der(types.utcTime, Buffer.from(text.slice(2))) : der(types.time, Buffer.from(text));
}

const extension = (id: string, critical: boolean, value: Uint8Array) =>
  sequence(oid(id), ...critical ? [yes] : [], der(types.octets, value));

/** Which key it is: the hash of its bits (RFC 5280, 4.2.1.2), which are the last 65 bytes of its form. */
const keyId = (key: KeyObject) =>
  createHash("sha1").update(key.export({ type: "spki", format: "der" }).subarray(-65)).digest();

/** The 4 or 16 bytes of an address. */
function addressBytes(address: string): Buffer {
  if (isIP(address) === 4) return Buffer.from(address.split(".").map(Number));
  const [head = "", tail] = new URL(`http://[${address}]`).hostname.slice(1, -1).split("::");
  const groups = (text: string) => text === "" ? [] : text.split(":").map((g) => Number.parseInt(g, 16));
  const [front, back] = [groups(head), groups(tail ?? "")];
  const all = [...front, ...Array<number>(8 - front.length - back.length).fill(0), ...back];
  return Buffer.from(all.flatMap((g) => [g >> 8, g & 0xff]));
}

/** dNSName and iPAddress (RFC 5280, 4.2.1.6). */
const alternativeName = (host: string) => isIP(host) ? der(0x87, addressBytes(host)) : der(0x82, Buffer.from(host));

function extensions({ publicKey, issuer, hosts }: CertificateText): Buffer {
  const keys = [
    extension(oids.subjectKeyId, false, der(types.octets, keyId(publicKey))),
    extension(oids.authorityKeyId, false, sequence(der(0x80, keyId(issuer.pair.publicKey)))),
  ];
  // of keyUsage an authority has keyCertSign, bit 5, and cRLSign, bit 6; a server has digitalSignature, bit 0
  const ofKind = hosts === null
    ? [
      extension(oids.basicConstraints, true, sequence(yes)),
      extension(oids.keyUsage, true, bits(1, Buffer.from([0b00000110]))),
    ]
    : [
      extension(oids.basicConstraints, true, sequence()),
      extension(oids.keyUsage, true, bits(7, Buffer.from([0b10000000]))),
      extension(oids.extendedKeyUsage, false, sequence(oid(oids.serverAuth), oid(oids.clientAuth))),
      extension(oids.alternativeNames, false, sequence(...hosts.map(alternativeName))),
    ];
  return der(0xa3, sequence(...ofKind, ...keys));
}

/** The certificate as PEM. */
export function certificateText(of: CertificateText): string {
  const algorithm = sequence(oid(oids.ecdsaWithSha256));
  const content = sequence(
    der(0xa0, der(types.integer, Buffer.from([2]))), // version 3
    der(types.integer, Buffer.from([0x01, ...of.serial])), // never negative, never 0
    algorithm,
    nameOf(of.issuer.name),
    sequence(timeOf(of.fromMs), timeOf(of.untilMs)),
    nameOf(of.name),
    of.publicKey.export({ type: "spki", format: "der" }),
    extensions(of),
  );
  const whole = sequence(content, algorithm, bits(0, sign("sha256", content, of.issuer.pair.privateKey)));
  const lines = whole.toString("base64").match(/.{1,64}/g)!;
  return ["-----BEGIN CERTIFICATE-----", ...lines, "-----END CERTIFICATE-----", ""].join("\n");
}
