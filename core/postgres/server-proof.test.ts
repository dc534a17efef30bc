// What a server may ask for before it has proven who it is, however its bytes arrive.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { acceptedProofs, LoginGuard, type Proof } from "./server-proof.ts";

const message = (type: string, body: Buffer) => {
  const head = Buffer.alloc(5);
  head.write(type);
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
};
const request = (code: number, rest = "") => {
  const body = Buffer.alloc(4);
  body.writeInt32BE(code);
  return message("R", Buffer.concat([body, Buffer.from(rest)]));
};

const ok = request(0);
const scram = [request(10, "SCRAM-SHA-256\0\0"), request(11, "r=abc,s=c2FsdA==,i=4096"), request(12, "v=c2ln")];
const after = Buffer.from("anything, as the server is known");

/** What the guard says to these bytes, cut at these places. */
function said(bytes: Buffer, proofs: readonly Proof[], cuts: readonly number[] = []): string | null {
  const guard = new LoginGuard(proofs);
  const ends = [...cuts.map((c) => c % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  let from = 0;
  for (const end of ends) {
    const why = guard.refuse(bytes.subarray(from, end));
    if (why !== null) return why;
    from = end;
  }
  return null;
}

const cuts = fc.array(fc.nat(), { maxLength: 6 });
const strict = acceptedProofs("scram-sha-256");

test("a server that proves itself by SCRAM is heard, however its bytes are cut", () => {
  const notice = message("N", Buffer.from("SNOTICE\0\0"));
  const bytes = Buffer.concat([notice, ...scram, ok, after]);
  fc.assert(fc.property(cuts, (at) => assert.equal(said(bytes, strict, at), null)));
});

test("an error of the server is heard", () => {
  assert.equal(said(message("E", Buffer.from("SFATAL\0C28P01\0Mno\0\0")), strict), null);
});

test("no server is let in that has not asked in an accepted way and gone through with it, however its bytes are cut", () => {
  const part = fc.constantFrom(
    ok,
    ...scram,
    request(3),
    request(5, "salt"),
    request(7),
    request(13),
    request(0xffffffff | 0),
  );
  fc.assert(fc.property(fc.array(part, { maxLength: 6 }), cuts, (parts, at) => {
    const bytes = Buffer.concat([...parts, ok]);
    const until = parts.indexOf(ok);
    const before = until < 0 ? parts : parts.slice(0, until);
    const allowed = before.every((p) => scram.includes(p)) && before.includes(scram[0]!) &&
      before.lastIndexOf(scram[2]!) > before.lastIndexOf(scram[0]!);
    assert.equal(said(bytes, strict, at) === null, allowed);
  }));
});

test("a server that asks for few rounds of SCRAM, or for a number that is none or twice, gets no proof", () => {
  const asks = (text: string) => said(request(11, `r=abc,s=c2FsdA==,${text}`), strict);
  for (const few of ["i=1", "i=4095", "i=0"]) assert.match(asks(few)!, /fewer than 4096 iterations/, few);
  for (const odd of ["i=-1", "i=1e9", "", "i=4096,i=1", "i=1,i=4096", "i=4096x"]) assert.notEqual(asks(odd), null, odd);
  assert.deepEqual([asks("i=4096"), asks("i=100000")], [null, null]);
});

test("what POSTGRES_HOST_AUTH_METHOD relaxes is accepted, and nothing else", () => {
  const ways: [Proof, Buffer][] = [["none", ok], ["password", request(3)], ["md5", request(5, "salt")]];
  const relaxed: Record<string, Proof> = { trust: "none", password: "password", md5: "md5" };
  for (const method of ["scram-sha-256", "reject", "cert", "trust", "password", "md5"] as const) {
    for (const [proof, bytes] of ways) {
      assert.equal(said(bytes, acceptedProofs(method)) === null, relaxed[method] === proof, `${method}: ${proof}`);
    }
  }
});

test("a message of an impossible length is refused, whatever it is", () => {
  for (const length of [0, 3, 70_000, 0x7fffffff]) {
    const bytes = message("N", Buffer.alloc(0));
    bytes.writeInt32BE(length, 1);
    assert.match(said(bytes, strict)!, /expected an authentication request/);
  }
});
