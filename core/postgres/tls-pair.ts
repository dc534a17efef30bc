// PURE: whether a container can show this certificate, with this key, to those who trust these authorities.
import { createPrivateKey, X509Certificate } from "node:crypto";
import { isIP } from "node:net";
import type { Trouble } from "../protocol/trouble.ts";
import { attempt, fitFix, notYetFix, soonMs } from "./tls-files.ts";

/** A file as it was found: its text, or why there is none (a system error such as EACCES). */
export interface FileSeen {
  /** the variable that names it */
  variable: string;
  path: string;
  seen: { text: string } | { code: string };
}

export interface PairSeen {
  /** null: this container shows none */
  pair: { certificate: FileSeen; key: FileSeen } | null;
  /** null: nobody is checked */
  authorities: FileSeen | null;
}

/** Texts that belong together. */
export interface PairTexts {
  pair: { certificate: string; key: string } | null;
  authorities: string | null;
}

/**
 * Everything that is wrong with them, each with the fix; and the texts if they can be used. A certificate that has ended, or has not
 * begun, can, where there is no other: not everybody checks it, and the clock may be wrong. One that ends `soon` is right until then. `hosts`: names
 * that the certificate has to have.
 */
export function readPair(
  { pair, authorities }: PairSeen,
  { hosts, nowMs }: { hosts: readonly string[]; nowMs: number },
): { faults: Trouble[]; texts: PairTexts | null; soon: Trouble[] } {
  const files = [...pair ? [pair.certificate, pair.key] : [], ...authorities ? [authorities] : []];
  const unread = files.flatMap(unreadable);
  if (unread.length > 0) return { faults: unread, texts: null, soon: [] };
  const trusted = authorities ? certificatesOf(authorities) : [];
  const faults = trusted === null ? [noCertificate(authorities!)] : [];
  if (pair) faults.push(...pairFaults(pair, { hosts, trusted: authorities ? trusted : null }));
  if (faults.length > 0) return { faults, texts: null, soon: [] };
  const ended = pair ? endOf(pair.certificate, nowMs, 0) : [];
  const texts = {
    pair: pair && { certificate: textOf(pair.certificate), key: textOf(pair.key) },
    authorities: authorities && textOf(authorities),
  };
  return { faults: ended, texts, soon: pair && ended.length === 0 ? endOf(pair.certificate, nowMs, soonMs) : [] };
}

/** Of a key of RSA, where openssl is set as Debian sets it (security level 2, SSL_CTX_set_security_level(3)). */
const leastBits = 2048;

function pairFaults(
  { certificate, key }: { certificate: FileSeen; key: FileSeen },
  { hosts, trusted }: { hosts: readonly string[]; trusted: X509Certificate[] | null },
): Trouble[] {
  const chain = certificatesOf(certificate);
  if (chain === null) return [noCertificate(certificate)];
  if (/ENCRYPTED/.test(textOf(key))) {
    const fix = `write it without: openssl pkey -in ${key.path} -out NEW`;
    return [{ because: `${of(key)} is protected by a passphrase, and nobody is there to type it`, fix }];
  }
  const own = attempt(() => createPrivateKey(textOf(key)));
  if (own === null) return [{ because: `${of(key)} holds no private key`, fix: "give it the key in PEM form" }];
  const leaf = chain[0]!;
  const faults: Trouble[] = [];
  const bits = own.asymmetricKeyDetails?.modulusLength ?? leastBits;
  if (bits < leastBits) {
    const because = `${of(key)} has ${bits} bits: PostgreSQL and pgpool would not load it`;
    faults.push({ because, fix: `make one of at least ${leastBits} bits, and a certificate for it` });
  }
  if (attempt(() => leaf.checkPrivateKey(own)) === false) {
    faults.push({
      because: `${of(key)} is not the key of ${of(certificate)}`,
      fix: fitFix(certificate.path, key.path),
    });
  }
  const lacks = hosts.filter((host) => (isIP(host) ? leaf.checkIP(host) : leaf.checkHost(host)) === undefined);
  if (lacks.length > 0) {
    const because = `the certificate ${of(certificate)} is not for ${lacks.join(", ")}: it names ${namesOf(leaf)}`;
    faults.push({ because, fix: `have one made that also names ${lacks.join(", ")} (subjectAltName)` });
  }
  if (trusted !== null && !leadsTo(chain, trusted)) {
    const because = `no authority of TLS_CA_FILE has signed ${of(certificate)}, whose issuer is ${
      oneLine(leaf.issuer)
    }`;
    const fix = "name the issuer's certificate in TLS_CA_FILE, or append those between the two to TLS_CERT_FILE";
    faults.push({ because, fix });
  }
  return faults;
}

function endOf(certificate: FileSeen, nowMs: number, withinMs: number): Trouble[] {
  const { validFrom, validTo } = certificatesOf(certificate)![0]!;
  if (Date.parse(validFrom) > nowMs) {
    const because = `the certificate ${of(certificate)} is not valid before ${isoOf(validFrom)}`;
    return [{ because, fix: notYetFix }];
  }
  const ends = Date.parse(validTo);
  if (ends > nowMs + withinMs) return [];
  const word = ends > nowMs ? "ends" : "ended";
  return [{ because: `the certificate ${of(certificate)} ${word} at ${isoOf(validTo)}`, fix: "mount a new one" }];
}

/**
 * Whether, dates apart, the first is one of the trusted, or each is signed by the next until one is signed by a trusted one. Those
 * in between have to be authorities: otherwise whoever has any certificate could sign one for another host (RFC 5280, 6.1.4 k).
 */
export function leadsTo(chain: readonly X509Certificate[], trusted: readonly X509Certificate[]): boolean {
  let at = chain[0]!;
  for (let hops = 0; hops <= chain.length; hops++) {
    const signs = (by: X509Certificate) => attempt(() => at.checkIssued(by) && at.verify(by.publicKey)) === true;
    if (trusted.some((t) => t.fingerprint256 === at.fingerprint256 || signs(t))) return true;
    const next = chain.find((c) => c !== at && c.ca && signs(c));
    if (next === undefined) return false;
    at = next;
  }
  return false;
}

const textOf = ({ seen }: FileSeen): string => "text" in seen ? seen.text : "";
const of = ({ variable, path }: FileSeen) => `${variable} ${path}`;
const isoOf = (date: string) => new Date(Date.parse(date)).toISOString();
const oneLine = (name: string) => name.replaceAll("\n", ", ");
const namesOf = (leaf: X509Certificate) => leaf.subjectAltName ?? oneLine(leaf.subject);

const certificatesOf = (file: FileSeen) => certificatesIn(textOf(file));

/** Every certificate in a text of PEM; null: none, or one that cannot be read, as while the file is being written. */
export function certificatesIn(text: string): X509Certificate[] | null {
  const blocks = text.match(/-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g);
  if (blocks?.length !== text.match(/-----BEGIN CERTIFICATE-----/g)?.length) return null;
  return blocks && attempt(() => blocks.map((block) => new X509Certificate(block)));
}

const noCertificate = (file: FileSeen): Trouble => ({
  because: `${of(file)} holds no certificate, or only a part of one`,
  fix: "give it certificates in PEM form",
});

function unreadable(file: FileSeen): Trouble[] {
  const { variable, path, seen } = file;
  if (!("code" in seen)) return [];
  if (seen.code === "ENOENT") {
    return [{ because: `${variable}: there is no file ${path}`, fix: `mount it there, or correct ${variable}` }];
  }
  const fix = "make it readable for the account that this container runs as, and the directories above it, too";
  return [{ because: `${variable}: ${path} cannot be read (${seen.code})`, fix }];
}
