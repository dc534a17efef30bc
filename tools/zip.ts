// Reads a zip archive with Node's own zlib, so that a machine needs no unzip.
import { inflateRawSync } from "node:zlib";

const centralHeader = 0x02014b50;
const endRecord = 0x06054b50;
const endRecordBytes = 22;

/**
 * The contents of one file of a zip archive, as it was before compression.
 * @throws Error if the archive is not one, lacks the file, or holds it in another way than stored or deflated
 */
export function unzipFile(archive: Buffer, name: string): Buffer {
  let end = archive.length - endRecordBytes; // a comment may follow the record, of 64 kB at most
  while (end >= 0 && archive.readUInt32LE(end) !== endRecord) end--;
  if (end < 0) throw new Error("not a zip archive: it has no end record");
  let at = archive.readUInt32LE(end + 16);
  for (let left = archive.readUInt16LE(end + 10); left > 0 && archive.readUInt32LE(at) === centralHeader; left--) {
    const nameBytes = archive.readUInt16LE(at + 28);
    if (archive.toString("utf8", at + 46, at + 46 + nameBytes) === name) return contentsOf(archive, at);
    at += 46 + nameBytes + archive.readUInt16LE(at + 30) + archive.readUInt16LE(at + 32);
  }
  throw new Error(`the zip archive has no file ${name}`);
}

function contentsOf(archive: Buffer, header: number): Buffer {
  const method = archive.readUInt16LE(header + 10);
  const bytes = archive.readUInt32LE(header + 20);
  const local = archive.readUInt32LE(header + 42);
  const start = local + 30 + archive.readUInt16LE(local + 26) + archive.readUInt16LE(local + 28);
  const packed = archive.subarray(start, start + bytes);
  if (method === 0) return Buffer.from(packed);
  if (method === 8) return inflateRawSync(packed);
  throw new Error(`the zip archive uses the compression method ${method}`);
}
