// The files of a backup are cut into answers: every byte once, in order, and none too long.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { cutIntoAnswers, type FilePart } from "./backup-parts.ts";
import { type BackupEntry, pieceBytes } from "./orders.ts";

const file = (bytes: number): BackupEntry => ({ path: "f", kind: "file", bytes, modifiedMs: 0, mode: 0o600 });
const directory: BackupEntry = { path: "d", kind: "directory", bytes: 0, modifiedMs: 0, mode: 0o700 };
const all = () => true;
const sumOf = (parts: readonly FilePart[]) => parts.reduce((sum, part) => sum + part.bytes, 0);

test("small files share an answer, an empty file is a part of no bytes, a directory is none", () => {
  const [only, ...more] = cutIntoAnswers([directory, file(3), file(0), directory, file(2)], all);
  assert.deepEqual(only, [{ index: 1, offset: 0, bytes: 3 }, { index: 2, offset: 0, bytes: 0 }, {
    index: 4,
    offset: 0,
    bytes: 2,
  }]);
  assert.deepEqual(more, []);
});

test("a large file is cut, and its end shares an answer with the next file", () => {
  const answers = [...cutIntoAnswers([file(pieceBytes + 5), file(1)], all)];
  assert.deepEqual(answers, [
    [{ index: 0, offset: 0, bytes: pieceBytes }],
    [{ index: 0, offset: pieceBytes, bytes: 5 }, { index: 1, offset: 0, bytes: 1 }],
  ]);
});

test("a file that is not wanted ends an answer", () => {
  const answers = [...cutIntoAnswers([file(1), file(2), file(3)], (index) => index !== 1)];
  assert.deepEqual(answers, [[{ index: 0, offset: 0, bytes: 1 }], [{ index: 2, offset: 0, bytes: 3 }]]);
});

test("the answer from any place on is the one that was planned, so both sides cut alike", () => {
  const sizes = fc.array(fc.oneof(fc.constant(0), fc.nat(2_000), fc.nat(3 * pieceBytes)), { maxLength: 40 });
  fc.assert(fc.property(sizes, (bytes) => {
    const entries = bytes.map(file);
    const answers = [...cutIntoAnswers(entries, all)];
    for (const answer of answers) {
      assert.ok(sumOf(answer) <= pieceBytes && answer.length > 0);
      assert.deepEqual(cutIntoAnswers(entries, all, answer[0]!).next().value, answer);
    }
    const perFile = bytes.map((_, index) => answers.flat().filter((part) => part.index === index));
    perFile.forEach((parts, index) => {
      assert.ok(parts.length > 0);
      parts.forEach((part, i) => assert.equal(part.offset, sumOf(parts.slice(0, i))));
      assert.equal(sumOf(parts), bytes[index]);
    });
  }));
});

test("an answer has at most a thousand parts, so that thousands of empty files stay below 1 MB", () => {
  const answers = [...cutIntoAnswers(Array.from({ length: 2_500 }, () => file(0)), all)];
  assert.deepEqual(answers.map((a) => a.length), [1_000, 1_000, 500]);
});
