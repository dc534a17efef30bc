// What is wrong with mounted certificates and keys is named with its file.
import assert from "node:assert/strict";
import { generateKeyPairSync, X509Certificate } from "node:crypto";
import { test } from "node:test";
import { certificateText, type Pair } from "./certificate.ts";
import { type FileSeen, leadsTo, readPair } from "./tls-pair.ts";

const nowMs = Date.parse("2026-11-28");
const day = 24 * 3_600_000;
const newPair = (): Pair => generateKeyPairSync("ec", { namedCurve: "prime256v1" });
const keyOf = ({ privateKey }: Pair) => privateKey.export({ type: "pkcs8", format: "pem" }) as string;
let serial = 0;

interface Issuer {
  name: string;
  pair: Pair;
}

function made(
  name: string,
  pair: Pair,
  issuer: Issuer,
  hosts: string[] | null,
  untilMs = nowMs + day,
  fromMs = nowMs - day,
): string {
  const dates = { fromMs, untilMs };
  return certificateText({ name, publicKey: pair.publicKey, issuer, hosts, serial: Buffer.from([++serial]), ...dates });
}

const root: Issuer = { name: "root", pair: newPair() };
const rootText = made("root", root.pair, root, null);
const between: Issuer = { name: "between", pair: newPair() };
const betweenText = made("between", between.pair, root, null);
const own = newPair();
const leaf = made("pg1", own, root, ["pg1", "pg1.example.org"]);
const short = generateKeyPairSync("rsa", { modulusLength: 1024 });

type Seen = FileSeen["seen"] | string;
const file = (variable: string, seen: Seen): FileSeen => ({
  variable,
  path: `/tls/${variable.toLowerCase()}`,
  seen: typeof seen === "string" ? { text: seen } : seen,
});

function judged(certificate: Seen, key: Seen, authorities: Seen | null = rootText, hosts: readonly string[] = ["pg1"]) {
  const pair = { certificate: file("TLS_CERT_FILE", certificate), key: file("TLS_KEY_FILE", key) };
  const seen = { pair, authorities: authorities === null ? null : file("TLS_CA_FILE", authorities) };
  const { faults, texts } = readPair(seen, { hosts, nowMs });
  const usable = faults.every(({ because }) => / ended at | is not valid before /.test(because));
  assert.equal(
    texts !== null,
    usable,
    "what is wrong is not taken, what is right is, and so is what is only of another time",
  );
  return faults.map(({ because, fix }) => `${because} -> ${fix}`).join("\n");
}

test("a pair that fits is taken: signed by an authority, by one in between, by itself, or with nobody to check it", () => {
  assert.equal(judged(leaf, keyOf(own)), "");
  assert.equal(judged(made("pg1", own, between, ["pg1"]) + betweenText, keyOf(own)), "");
  const self = made("pg1", own, { name: "pg1", pair: own }, ["pg1"]);
  assert.equal(judged(self, keyOf(own), self), "");
  assert.equal(judged(self, keyOf(own), null), "");
  assert.equal(judged(leaf, keyOf(own), betweenText + rootText), "", "one of several authorities");
});

test("each fault is named with its file and what to do", () => {
  const otherRoot: Issuer = { name: "root", pair: newPair() };
  const faults: [string, RegExp][] = [
    [judged({ code: "ENOENT" }, keyOf(own)), /^TLS_CERT_FILE: there is no file \/tls\/tls_cert_file -> mount it there/],
    [
      judged(leaf, { code: "EACCES" }),
      /^TLS_KEY_FILE: \/tls\/tls_key_file cannot be read \(EACCES\) -> make it readable/,
    ],
    [judged("junk", keyOf(own)), /^TLS_CERT_FILE \/tls\/tls_cert_file holds no certificate/],
    [judged(leaf, "junk"), /^TLS_KEY_FILE .* holds no private key/],
    [judged(leaf, "BEGIN ENCRYPTED PRIVATE"), /^TLS_KEY_FILE .* is protected by a passphrase/],
    [
      judged(made("pg1", short, root, ["pg1"]), keyOf(short)),
      /^TLS_KEY_FILE .* has 1024 bits: .* -> make one of at least/,
    ],
    [judged(leaf, keyOf(newPair())), /^TLS_KEY_FILE .* is not the key of TLS_CERT_FILE .* -> mount the two/],
    [judged(leaf, keyOf(own), "junk"), /^TLS_CA_FILE .* holds no certificate/],
    [judged(leaf, keyOf(own), rootText + betweenText.slice(0, 300)), /^TLS_CA_FILE .* only a part of one/],
    [judged(leaf, keyOf(own), betweenText), /^no authority of TLS_CA_FILE has signed .* whose issuer is CN=root -> /],
    [
      judged(leaf, keyOf(own), made("root", otherRoot.pair, otherRoot, null)),
      /^no authority of TLS_CA_FILE has signed/,
    ],
    [judged(made("pg1", own, between, ["pg1"]), keyOf(own)), /^no authority .* append those between the two/],
    [judged(leaf, keyOf(own), rootText, ["pg2"]), /is not for pg2: it names DNS:pg1, DNS:pg1.example.org -> /],
    [
      judged(made("pg1", own, root, ["pg1"], nowMs - 1), keyOf(own)),
      /ended at 2026-11-27T23:59:59.000Z -> mount a new/,
    ],
    [
      judged(made("pg1", own, root, ["pg1"], nowMs + day, nowMs + 60_000), keyOf(own)),
      /is not valid before 2026-11-28T00:01:00.000Z -> mount one that is valid now, or mend the clock/,
    ],
    [
      judged(`${leaf}-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n`, keyOf(own)),
      /holds no certificate/,
    ],
  ];
  for (const [said, pattern] of faults) {
    assert.match(said, pattern);
    assert.equal(said.split("\n").length, 1, said);
  }
});

test("two files that are both wrong are both named", () => {
  assert.equal(judged({ code: "ENOENT" }, { code: "ENOENT" }).split("\n").length, 2);
});

test("who shows no certificate needs authorities alone", () => {
  const { texts } = readPair({ pair: null, authorities: file("TLS_CA_FILE", rootText) }, { hosts: [], nowMs });
  assert.deepEqual(texts, { pair: null, authorities: rootText });
});

/** Made by openssl: an authority, a host's certificate by it, and one for pg1 that this host has signed. None says what its key is for. */
const authority = `-----BEGIN CERTIFICATE-----
MIIBfDCCASOgAwIBAgIUMLfc/2tD94khxxaY3iNRYjQH2JYwCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJYXV0aG9yaXR5MB4XDTI2MTEyODIwMjU0NFoXDTM2MTEyNTIw
MjU0NFowFDESMBAGA1UEAwwJYXV0aG9yaXR5MFkwEwYHKoZIzj0CAQYIKoZIzj0D
AQcDQgAEQWv9NxftwNucRG1uOuCea3W0IHQJZPWzGraaAL6xv3+8TMtYKxkPekIR
SjYUB90vkugVZe1DzxinxNa7xjIwpqNTMFEwHQYDVR0OBBYEFESKm1M///xEBaYP
Du/ue9bG9klaMB8GA1UdIwQYMBaAFESKm1M///xEBaYPDu/ue9bG9klaMA8GA1Ud
EwEB/wQFMAMBAf8wCgYIKoZIzj0EAwIDRwAwRAIgbTtPBiqp0RKEP2JAw4/VCOp1
m8OAchf/00EFL8rRUrQCIFSw+qycWUHG7DhzkeSBBG0mHrpykf/a7SwX+Y/7AEGe
-----END CERTIFICATE-----`;
const ofOther = `-----BEGIN CERTIFICATE-----
MIIBejCCASCgAwIBAgIUfo0RVxJ6AHTuq8fjAvauXKOW5ccwCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJYXV0aG9yaXR5MB4XDTI2MTEyODIwMjU0NFoXDTM2MTEyNTIw
MjU0NFowEDEOMAwGA1UEAwwFb3RoZXIwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNC
AAQrifeHdCBngNspX2F+H4vCwkiAcRFUwGVRS792hljzWDJpSmVnoEX0NmQLNLqk
DkvhUaJDOUELypkkuJvMsfG+o1QwUjAQBgNVHREECTAHggVvdGhlcjAdBgNVHQ4E
FgQU1m8Mj4iB0UOsAKpUAobio6DjIzUwHwYDVR0jBBgwFoAURIqbUz///EQFpg8O
7+571sb2SVowCgYIKoZIzj0EAwIDSAAwRQIgRHkCNAiyrW4rEmC7XzFibOBIvH3N
jSybAqFT1zNrjDsCIQDBbcfRFUpEHNsGJnxT4jttI3FKE2OREvCATBOkLVmgJg==
-----END CERTIFICATE-----`;
const forged = `-----BEGIN CERTIFICATE-----
MIIBcjCCARigAwIBAgIULRkp9wKy+1ul7ARdwDBVtTWE+OEwCgYIKoZIzj0EAwIw
EDEOMAwGA1UEAwwFb3RoZXIwHhcNMjYxMTI4MjAyNTQ0WhcNMzYxMTI1MjAyNTQ0
WjAOMQwwCgYDVQQDDANwZzEwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAARLVfJt
cawUXC66jbtq5TEA8yRa+1V8INFQbEDddTYatorJhCv0QC5GNiqptBYGTXGjrD/G
MKXVju0mOL0eBuaSo1IwUDAOBgNVHREEBzAFggNwZzEwHQYDVR0OBBYEFOH/iqeZ
Ei2ntQrKIIimV18fiqwNMB8GA1UdIwQYMBaAFNZvDI+IgdFDrACqVAKG4qOg4yM1
MAoGCCqGSM49BAMCA0gAMEUCIQDYWGxxGt3g9t79m2GI7reiGARKtk7GTnmfZYjk
64uD9QIgPAnOeUTToly41ugBke3FaQx1vVuA10HHp8jBNsUNj/E=
-----END CERTIFICATE-----`;

test("a host's certificate does not make certificates for others", () => {
  const [ca, other, pg1] = [authority, ofOther, forged].map((text) => new X509Certificate(text));
  assert.equal(leadsTo([other!], [ca!]), true);
  assert.equal(leadsTo([pg1!, other!], [ca!]), false);
});
