// The cluster's own authority, judged by the X.509 of the runtime.
import assert from "node:assert/strict";
import { generateKeyPairSync, X509Certificate } from "node:crypto";
import { test } from "node:test";
import fc from "fast-check";
import { authorityOf, certificateMs, issue } from "./authority.ts";
import { certificateText } from "./certificate.ts";

const pair = () => generateKeyPairSync("ec", { namedCurve: "prime256v1" });
const nowMs = Date.parse("2026-11-28T12:00:00Z");
const one = authorityOf("a key");

function issued(hosts: readonly [string, ...string[]], at = nowMs): X509Certificate {
  const { publicKey } = pair();
  return new X509Certificate(issue(one, { hosts, publicKey, serial: Buffer.from("00ff", "hex"), nowMs: at }));
}

test("the same key gives the same authority, another key another one", () => {
  const again = new X509Certificate(authorityOf("a key").certificate);
  const first = new X509Certificate(one.certificate);
  assert.ok(again.verify(one.pair.publicKey), "its signature");
  assert.equal(again.subject, first.subject);
  assert.ok(first.ca && !issued(["pg1"]).ca);
  const other = authorityOf("another key");
  assert.notEqual(other.name, one.name);
  assert.equal(again.verify(other.pair.publicKey), false);
});

test("a certificate is for its names and addresses alone, is signed by the authority, and ends", () => {
  const certificate = issued(["pg1", "pg1.example.org", "10.0.0.7", "fd00::1:2", "::1"]);
  assert.ok(certificate.verify(one.pair.publicKey));
  assert.ok(certificate.checkIssued(new X509Certificate(one.certificate)));
  assert.ok(certificate.checkHost("pg1") && certificate.checkHost("pg1.example.org"));
  assert.equal(certificate.checkHost("pg2"), undefined);
  for (const address of ["10.0.0.7", "fd00::1:2", "::1"]) assert.ok(certificate.checkIP(address), address);
  assert.equal(certificate.checkIP("10.0.0.8"), undefined);
  assert.equal(Date.parse(certificate.validFrom), nowMs - certificateMs.before);
  assert.equal(Date.parse(certificate.validTo), nowMs + certificateMs.valid);
  const later = Date.parse("2060-01-01"); // its year is written in another form
  assert.equal(Date.parse(issued(["pg1"], later).validFrom), later - certificateMs.before);
  const days = (Date.parse(certificate.validTo) - Date.parse(certificate.validFrom)) / (24 * 3_600_000);
  assert.ok(days >= 700 && days <= 825, "longer than pgpool runs without a start, not longer than clients take");
});

test("any names of any length are read back", () => {
  const host = fc.stringMatching(/^[a-z][a-z0-9-]{0,40}$/);
  fc.assert(
    fc.property(fc.array(host, { minLength: 1, maxLength: 30 }), (hosts) => {
      const names = issued(hosts as [string, ...string[]]).subjectAltName;
      assert.equal(names, hosts.map((h) => `DNS:${h}`).join(", "));
    }),
    { numRuns: 50 },
  );
});

test("a certificate fits its own key alone", () => {
  const own = pair();
  const text = certificateText({
    name: "pg1",
    publicKey: own.publicKey,
    issuer: one,
    hosts: ["pg1"],
    serial: Buffer.from([7]),
    fromMs: nowMs,
    untilMs: nowMs + 1_000,
  });
  const read = new X509Certificate(text);
  assert.ok(read.checkPrivateKey(own.privateKey));
  assert.equal(read.checkPrivateKey(pair().privateKey), false);
});
