// Stored passwords: against RFC 7677's example and against what PostgreSQL 17 itself has stored.
import assert from "node:assert/strict";
import { test } from "node:test";
import { isOf, kindOf, prepared, verifierOf } from "./scram.ts";

// the password, salt and iterations of RFC 7677, section 3; the keys follow from them (the exchange there proves them)
const rfc = "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==" +
  "$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=";

test("verifierOf() gives the keys of RFC 7677, and isOf() knows their password", async () => {
  assert.equal(await verifierOf("pencil", Buffer.from("W22ZaJ0SNY7soEsUEjb6gQ==", "base64")), rfc);
  assert.equal(await isOf("pencil", rfc), true);
  assert.equal(await isOf("pencils", rfc), false);
});

test("isOf() takes the stored number of iterations, and SASLprep's form of a password", async () => {
  const salt = Buffer.alloc(16, 7);
  const composed = await verifierOf("caf\u00e9 \u2168", salt);
  assert.equal(await isOf("cafe\u0301\u00a0IX", composed), true);
  assert.equal(await isOf("pencil", rfc.replace("$4096:", "$4097:")), false);
  assert.equal(prepared("geheim\u00b2 1\u00aa"), "geheim2 1a", "what a login sends, too");
});

test("kindOf() tells the kinds of stored passwords apart, and isOf() knows no password of the others", async () => {
  const md5 = "md5" + "0a".repeat(16);
  assert.deepEqual([null, rfc, md5, "plain"].map(kindOf), ["none", "scram", "md5", "other"]);
  assert.equal(await isOf("pencil", md5), false);
});
