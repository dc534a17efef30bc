// What is wrong between the variables of TLS.
import assert from "node:assert/strict";
import { test } from "node:test";
import { type TlsConfig, tlsProblems } from "./tls.ts";

const none: TlsConfig = { tls: "off", tlsCertFile: null, tlsKeyFile: null, tlsCaFile: null, tlsNames: [] };
const pair = { tlsCertFile: "/tls/a.crt", tlsKeyFile: "/tls/a.key" };
const all = { ...pair, tlsCaFile: "/tls/ca.crt" };

function problems(config: Partial<TlsConfig>, settings: string[] = []): string[] {
  const given = settings.map((name) => ({ name, value: "x" }));
  return tlsProblems({ ...none, ...config }, given).map((p) => `${p.variable}: ${p.message} -> ${p.fix}`);
}

test("what fits together is taken", () => {
  const sound: Partial<TlsConfig>[] = [
    {},
    { tls: "auto", tlsNames: ["db.example.org"] },
    { tls: "prefer" },
    { tls: "prefer", ...pair },
    { tls: "require" },
    { tls: "require", ...all },
  ];
  for (const config of sound) assert.deepEqual(problems(config), []);
  assert.deepEqual(problems({}, ["ssl", "ssl_cert_file"]), [], "without TLS, CONFIGS says it");
  assert.deepEqual(problems({ tls: "require", ...all }, ["ssl_min_protocol_version", "ssl_ciphers"]), []);
});

test("what does not is refused, with the fix", () => {
  const table: [string[], RegExp][] = [
    [problems(pair), /^TLS_CERT_FILE: TLS_CERT_FILE is set, and TLS is off -> set TLS=prefer or TLS=require/],
    [problems({ tlsNames: ["a"] }), /^TLS_NAMES: TLS_NAMES is set, and TLS is off/],
    [
      problems({ tls: "auto" }, ["ssl", "SSL_CERT_FILE"]),
      /^TLS: TLS is auto, and CONFIGS sets ssl, SSL_CERT_FILE -> take/,
    ],
    [
      problems({ tls: "auto", ...pair }),
      /^TLS_CERT_FILE: TLS=auto makes certificates itself, and TLS_CERT_FILE, TLS_KEY/,
    ],
    [problems({ tls: "prefer", tlsCertFile: "/a" }), /^TLS_KEY_FILE: only one of .* -> set TLS_KEY_FILE, too/],
    [problems({ tls: "prefer", tlsKeyFile: "/a" }), /^TLS_CERT_FILE: only one of/],
    [problems({ tls: "require", ...pair }), /^TLS_CA_FILE: TLS=require needs TLS_CA_FILE/],
    [problems({ tls: "require", tlsCaFile: "/ca" }), /^TLS_CA_FILE: .* without a certificate of this container/],
    [problems({ tls: "require", ...all, tlsNames: ["a"] }), /^TLS_NAMES: .* TLS_CERT_FILE is set -> remove TLS_NAMES/],
  ];
  for (const [found, pattern] of table) {
    assert.equal(found.length, 1, found.join("\n"));
    assert.match(found[0]!, pattern);
  }
});
