import assert from "node:assert/strict";
import { test } from "node:test";
import { deflateRawSync } from "node:zlib";
import { unzipFile } from "./zip.ts";

/** An archive of these files, with the method of each: 0 stored, 8 deflated. */
function zipOf(files: readonly { name: string; text: string; method: number }[]): Buffer {
  const bodies: Buffer[] = [];
  const headers: Buffer[] = [];
  let at = 0;
  for (const { name, text, method } of files) {
    const data = method === 8 ? deflateRawSync(text) : Buffer.from(text);
    const local = Buffer.alloc(30);
    local.writeUInt16LE(name.length, 26);
    local.writeUInt16LE(4, 28); // extra bytes, as many programs add them here only
    const header = Buffer.alloc(46);
    header.writeUInt32LE(0x02014b50, 0);
    header.writeUInt16LE(method, 10);
    header.writeUInt32LE(data.length, 20);
    header.writeUInt16LE(name.length, 28);
    header.writeUInt32LE(at, 42);
    headers.push(header, Buffer.from(name));
    bodies.push(local, Buffer.from(name), Buffer.alloc(4), data);
    at = bodies.reduce((sum, b) => sum + b.length, 0);
  }
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(files.length, 10);
  end.writeUInt32LE(at, 16);
  return Buffer.concat([...bodies, ...headers, end, Buffer.from("a comment")]);
}

const archive = zipOf([
  { name: "helm/", text: "", method: 0 },
  { name: "helm/helm", text: "x".repeat(5000), method: 8 },
  { name: "kubectl/kubectl", text: "stored", method: 0 },
  { name: "odd", text: "odd", method: 12 },
]);

test("unzipFile() gives back what was stored or deflated", () => {
  assert.equal(unzipFile(archive, "helm/helm").toString(), "x".repeat(5000));
  assert.equal(unzipFile(archive, "kubectl/kubectl").toString(), "stored");
});

test("unzipFile() says what is wrong with an archive", () => {
  assert.throws(() => unzipFile(archive, "helm"), /has no file helm/);
  assert.throws(() => unzipFile(archive, "odd"), /compression method 12/);
  assert.throws(() => unzipFile(Buffer.from("no archive at all, only text"), "a"), /not a zip archive/);
});
