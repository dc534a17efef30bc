// The object store's list is read as its programs print it, and what fails there is named by the variable to look at.
import assert from "node:assert/strict";
import { test } from "node:test";
import { parseCopied, parseStore, troubleOf } from "./cloud-output.ts";

const info = [
  "begin_wal=000000010000000000000003",
  "begin_xlog=0/3000028",
  "end_time=2026-11-28 00:13:35.559000+00:00",
  "end_xlog=0/4000000",
  "size=31257410",
  "status=DONE",
  "systemid=7713008775221800988",
  "timeline=1",
  "xlog_segment_size=16777216",
].join("\n");

const listing = (texts: Record<string, string>) =>
  JSON.stringify({
    objects: [
      ["base/20261128T001334/backup.info", 1000, 1795824860],
      ["base/20261128T001334/data.tar.gz", 4_000_000, 1795824859],
      ["base/20261128T999999/data.tar.gz", 4_000_000, 1795824859],
      ["identity.json", 60, 1795824841],
      ["wals/00000002.history.gz", 60, 1795824841],
      ["wals/0000000100000000/000000010000000000000003.gz", 700, 1795824841],
      ["wals/0000000100000000/000000010000000000000004.partial.gz", 700, 1795824841],
      ["wals/0000000100000000/000000010000000000000005", 700, 1795824841],
      ["wals/0000000100000000/000000010000000000000006.bz2", 700, 1795824841],
    ],
    texts,
  });

test("backups, WAL and whose they are follow from the list; a backup without its record is none", () => {
  const store = parseStore(listing({ "base/20261128T001334/backup.info": info }));
  assert.deepEqual(store.backups.map((b) => [b.record.id, b.keep, b.bytes]), [["20261128T001334", null, 4_001_000]]);
  assert.deepEqual([...store.wals.keys()], [
    "00000002.history",
    "000000010000000000000003",
    "000000010000000000000004.partial",
    "000000010000000000000005",
  ]);
  assert.equal(store.wals.get("000000010000000000000003")?.key, "wals/0000000100000000/000000010000000000000003.gz");
  assert.deepEqual([store.identity, store.marked, store.newestMs], ["7713008775221800988", false, 1795824860000]);
});

test("an exemption, the store's own word on whose it is, and a record that cannot be read", () => {
  const store = parseStore(listing({
    "base/20261128T001334/backup.info": info.replace("end_xlog=0/4000000", "end_xlog=None"),
    "base/20261127T000000/backup.info": info,
    "base/20261127T000000/annotations/keep": "standalone",
    "identity.json": '{"systemid": "7", "version": "17"}',
  }));
  assert.deepEqual([store.identity, store.marked], ["7", true]);
  assert.deepEqual(store.backups.map((b) => b.keep), ["standalone"]);
  assert.match(store.unreadable.join(), /has no end_xlog/);
});

test("an empty store belongs to nobody", () => {
  const store = parseStore('{"objects": [], "texts": {}}');
  assert.deepEqual([store.identity, store.marked, store.newestMs, store.backups], [null, false, null, []]);
});

test("what was copied before a failure counts", () => {
  const said = '{"done": "a"}\n{"gone": "b"}\n{"error": "AccessDenied", "text": "no"}\n';
  assert.deepEqual(parseCopied(said), { done: ["a"], gone: ["b"], error: "AccessDenied: no" });
});

test("each failure names its variable", () => {
  const config = {
    cloudUrl: "s3://bucket/path",
    cloudEndpoint: "http://store:1",
    cloudRegion: "us-east-1",
    cloudAccessKey: "k",
    cloudSecretKey: "s",
    cloudCredentials: "",
    cloudEncryption: "none" as const,
    cloudKmsKey: "",
  };
  const fixOf = (said: string, changes = {}) => troubleOf(said, { ...config, ...changes }).fix;
  assert.match(fixOf("NoSuchBucket: An error occurred"), /CLOUD_BACKUP_URL/);
  assert.match(fixOf("InvalidAccessKeyId: An error occurred"), /CLOUD_BACKUP_ACCESS_KEY/);
  assert.match(fixOf("SignatureDoesNotMatch: An error occurred"), /CLOUD_BACKUP_SECRET_KEY/);
  assert.match(
    fixOf("ERROR: An error occurred (AccessDenied) when calling the PutObject"),
    /list, read, write and delete/,
  );
  assert.match(fixOf("PermanentRedirect: …"), /CLOUD_BACKUP_REGION/);
  assert.match(fixOf("EndpointConnectionError: Could not connect"), /CLOUD_BACKUP_ENDPOINT/);
  assert.match(fixOf("EndpointConnectionError: Could not connect", { cloudEndpoint: "" }), /CLOUD_BACKUP_REGION/);
  assert.match(fixOf("KMS.NotFoundException: An error occurred"), /CLOUD_BACKUP_KMS_KEY/);
  const inFile = { cloudCredentials: "/run/aws" };
  for (const said of ["NoCredentialsError: Unable to locate credentials", "SignatureDoesNotMatch", "AccessDenied"]) {
    assert.match(fixOf(said, inFile), /CLOUD_BACKUP_CREDENTIALS/);
  }
  assert.match(fixOf("something new"), /CLOUD_BACKUP_…/);
});
