// What an agent answers arrives as it was, bytes included, and a body that was cut short is no answer.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { decodeAnswer, encodeAnswer } from "./answer-body.ts";

test("any answer arrives as it was", () => {
  const leaf = fc.oneof(fc.uint8Array(), fc.string(), fc.integer(), fc.constant(null), fc.boolean());
  const answer = fc.dictionary(
    fc.stringMatching(/^[a-z]+$/),
    fc.oneof(leaf, fc.array(leaf), fc.record({ deep: leaf }, { noNullPrototype: true })),
  );
  fc.assert(fc.property(answer, (given) => {
    assert.deepEqual({ ...decodeAnswer(encodeAnswer(given)) as object }, { ...given });
  }));
});

test("a body that was cut short, or is none, is refused", () => {
  const body = encodeAnswer({ a: new Uint8Array([1, 2, 3]), b: new Uint8Array([4]) });
  assert.throws(() => decodeAnswer(body.subarray(0, body.length - 1)), /lacks bytes: 3 came/);
  assert.throws(() => decodeAnswer(new TextEncoder().encode('{"a":1}')), /no end of its first line/);
  assert.throws(() => decodeAnswer(new TextEncoder().encode('{"a":{"$bytes":[-1,1]}}\nx')), /lacks bytes/);
});
