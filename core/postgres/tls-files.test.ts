// Tests of what is wrong with the files of TLS. The certificate is made here, without a private key in the repository.
import assert from "node:assert/strict";
import { generateKeyPairSync, sign } from "node:crypto";
import { test } from "node:test";
import { certificateEnd, findTlsFaults, type TlsFileSeen, tlsWanted } from "./tls-files.ts";

/** One value of DER (X.690): its type, its length, its content. */
function der(type: number, ...content: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(content);
  const bytes = body.length > 255 ? [0x82, body.length >> 8, body.length & 255] : [0x81, body.length];
  const length = body.length < 128 ? [body.length] : bytes;
  return Buffer.concat([Buffer.from([type, ...length]), body]);
}

const pair = () => generateKeyPairSync("ec", { namedCurve: "prime256v1" });
type Pair = ReturnType<typeof pair>;
const keyText = ({ privateKey }: Pair) => privateKey.export({ type: "pkcs8", format: "pem" }) as string;

/** A certificate for its own key (RFC 5280, 4.1), valid from 2020 until then. */
function certificate({ publicKey, privateKey }: Pair, until: string): string {
  const algorithm = der(0x30, der(0x06, Buffer.from("2a8648ce3d040302", "hex"))); // ecdsa-with-SHA256
  const name = der(0x30, der(0x31, der(0x30, der(0x06, Buffer.from("550403", "hex")), der(0x0c, Buffer.from("pg")))));
  const time = (text: string) => der(0x17, Buffer.from(text.replace(/^20(..)-(..)-(..)$/, "$1$2$3000000Z")));
  const validity = der(0x30, time("2020-01-01"), time(until));
  const key = publicKey.export({ type: "spki", format: "der" });
  const content = der(0x30, der(0x02, Buffer.from([1])), algorithm, name, validity, name, key);
  const signature = der(0x03, Buffer.from([0]), sign("sha256", content, privateKey));
  const text = der(0x30, content, algorithm, signature).toString("base64");
  return `-----BEGIN CERTIFICATE-----\n${text.replaceAll(/.{64}/g, "$&\n")}\n-----END CERTIFICATE-----\n`;
}

const one = pair();
const sound = { text: "", readable: true, mode: 0o600, uid: 999 };
const day = 24 * 3_600_000;
const until = "2030-06-15";
const now = {
  account: { uid: 999, gid: 999 },
  passphrase: false,
  privateKey: true,
  nowMs: Date.parse("2030-01-01"),
  soonMs: 0,
};

type Found = Partial<NonNullable<TlsFileSeen["found"]>> | null;
function faults(certFound: Found, keyFound: Found, circumstances: Partial<typeof now> = {}): string {
  const file = (kind: "certificate" | "key", text: string, found: Found): TlsFileSeen => ({
    kind,
    setting: kind === "key" ? "ssl_key_file" : "ssl_cert_file",
    path: `/tls/${kind}`,
    found: found === null ? null : { ...sound, text, ...found },
  });
  const files = [file("certificate", certificate(one, until), certFound), file("key", keyText(one), keyFound)];
  return findTlsFaults(files, { ...now, ...circumstances }).map((f) => `${f.because} -> ${f.fix}`).join("\n");
}

test("a pair that fits is sound: postgres's own with mode 0600, or root's with mode 0640", () => {
  assert.equal(faults({ mode: 0o644, uid: 0 }, {}), "");
  assert.equal(faults({}, { mode: 0o640, uid: 0 }), "");
});

test("each fault is named with its file and what to type", () => {
  const table: [Found, Found, RegExp][] = [
    [null, {}, /^ssl_cert_file: there is no file \/tls\/certificate -> mount it there/],
    [{}, null, /^ssl_key_file: there is no file \/tls\/key/],
    [{}, { readable: false, uid: 0 }, /cannot be read by uid 999; it belongs to uid 0 and has mode 0600 -> chown 999 /],
    [{}, { mode: 0o644 }, /others may read \/tls\/key: .*mode 0644 -> chown 999 and chmod 0600/],
    [{}, { mode: 0o644, uid: 0 }, /others may read .*or chown 0:999 and chmod 0640/],
    [{}, { uid: 1000 }, /it belongs to uid 1000/],
    [{}, { text: "junk" }, /holds no private key/],
    [{ text: "junk" }, {}, /holds no certificate/],
    [
      {},
      { text: keyText(pair()) },
      /^ssl_key_file \/tls\/key is not the key of ssl_cert_file \/tls\/certificate -> mount/,
    ],
    [{}, { text: "BEGIN ENCRYPTED" }, /passphrase.* -> set ssl_passphrase_command/],
  ];
  for (const [cert, key, said] of table) {
    const found = faults(cert, key);
    assert.match(found, said);
    assert.equal(found.split("\n").length, 1, found);
  }
});

test("a key with a passphrase is sound where a command gives it", () => {
  assert.equal(faults({}, { text: "BEGIN ENCRYPTED" }, { passphrase: true }), "");
});

test("pgpool's key may be read by others, as pgpool allows", () => {
  assert.equal(faults({}, { mode: 0o644, uid: 0 }, { privateKey: false }), "");
});

test("a certificate that has ended, or ends soon, is named with the time", () => {
  assert.match(faults({}, {}, { nowMs: Date.parse(until) + 1 }), /ended at 2030-06-15T00:00:00.000Z -> renew it/);
  assert.match(faults({}, {}, { nowMs: 0 }), /is not valid before 20.* -> mount one that is valid now/);
  assert.match(faults({}, {}, { nowMs: Date.parse(until) - day, soonMs: 2 * day }), /ends at 2030-06-15/);
});

test("tlsWanted() finds the files in CONFIGS, the last value of each, with PostgreSQL's defaults", () => {
  const wanted = (...settings: [string, string][]) =>
    tlsWanted("postgres", settings.map(([name, value]) => ({ name, value })), "/data")?.files.map((f) => f.path);
  assert.equal(wanted(["ssl_cert_file", "/c"]), undefined);
  assert.equal(wanted(["ssl", "on"], ["ssl", "off"]), undefined);
  assert.deepEqual(wanted(["ssl", "true"]), ["/data/server.crt", "/data/server.key"]);
  const all: [string, string][] = [["ssl", "on"], ["ssl_cert_file", "/c"], ["ssl_key_file", "k"], [
    "ssl_ca_file",
    "/ca",
  ]];
  assert.deepEqual(wanted(...all), ["/c", "/data/k", "/ca"]);
});

test("when the certificate ends is known from the files that were read; not from one that is missing or another", () => {
  const file = (kind: TlsFileSeen["kind"], text: string | null): TlsFileSeen => ({
    kind,
    setting: kind,
    path: `/tls/${kind}`,
    found: text === null ? null : { ...sound, text },
  });
  const ends = (own: string | null) =>
    certificateEnd([file("other", certificate(one, "2040-01-01")), file("certificate", own)]);
  assert.equal(ends(certificate(one, until)), Date.parse(until));
  assert.equal(ends(keyText(one)), null);
  assert.equal(ends(null), null);
  assert.equal(certificateEnd([]), null);
});
