// Tests of the object store's variables: what is refused, by name, and that no secret is in what is said.
import assert from "node:assert/strict";
import { test } from "node:test";
import { cloudProblems, cloudVariables } from "./cloud.ts";
import { usualVersions } from "./image-versions.ts";
import { readConfig } from "./env.ts";

const noFile = () => {
  throw new Error("no file");
};
const read = (environment: Record<string, string>) => readConfig(cloudVariables, { environment, readFile: noFile });
const problems = (environment: Record<string, string>, barman = "3.13") => {
  const result = read(environment);
  return result.ok ? cloudProblems({ ...result.config, imageVersions: { ...usualVersions, barman } }) : result.problems;
};
const whole = {
  CLOUD_BACKUP_URL: "s3://bucket/path/",
  CLOUD_BACKUP_ACCESS_KEY: "AKIA1",
  CLOUD_BACKUP_SECRET_KEY: "secret/+=1",
};

test("unset, nothing is wrong; a bucket, a path and a key are enough", () => {
  assert.deepEqual(problems({}), []);
  assert.deepEqual(problems(whole), []);
  const result = read(whole);
  assert.ok(result.ok);
  assert.equal(result.config.cloudUrl, "s3://bucket/path");
});

test("a malformed value is refused by the name of its variable", () => {
  const bad: Record<string, string[]> = {
    CLOUD_BACKUP_URL: [
      "bucket",
      "s3://",
      "s3:///path",
      "https://bucket/path",
      "s3://b/../c",
      "s3://Bucket",
      "s3://bucket//a",
    ],
    CLOUD_BACKUP_ENDPOINT: ["store:9000", "ftp://store", "http://store/path", "http://"],
    CLOUD_BACKUP_REGION: ["eu central"],
    CLOUD_BACKUP_CREDENTIALS: ["file", "Instance", "/a b"],
    CLOUD_BACKUP_ENCRYPTION: ["gpg"],
    CLOUD_BACKUP_KMS_KEY: ["a b"],
    CLOUD_BACKUP_ACCESS_KEY: ["a b"],
    CLOUD_BACKUP_SECRET_KEY: ["top secret"],
  };
  for (const [name, values] of Object.entries(bad)) {
    for (const value of values) {
      const found = problems({ ...whole, [name]: value });
      assert.deepEqual(found.map((p) => p.variable), [name], value);
      assert.ok(!/(ACCESS|SECRET)_KEY$/.test(name) || !JSON.stringify(found).includes(value));
    }
  }
});

test("the keys come from two variables or from elsewhere, never from both", () => {
  const { CLOUD_BACKUP_ACCESS_KEY: _a, CLOUD_BACKUP_SECRET_KEY: _b, ...url } = whole;
  assert.deepEqual(problems({ ...url, CLOUD_BACKUP_CREDENTIALS: "instance" }), []);
  assert.deepEqual(problems({ ...url, CLOUD_BACKUP_CREDENTIALS: "/run/aws" }), []);
  assert.deepEqual(problems({ ...whole, CLOUD_BACKUP_CREDENTIALS: "/run/aws" }).map((p) => p.fix), [
    "unset CLOUD_BACKUP_ACCESS_KEY or CLOUD_BACKUP_CREDENTIALS",
    "unset CLOUD_BACKUP_SECRET_KEY or CLOUD_BACKUP_CREDENTIALS",
  ]);
});

test("a key of KMS needs the encryption that uses it", () => {
  const kms = { ...whole, CLOUD_BACKUP_KMS_KEY: "alias/backups" };
  assert.deepEqual(problems({ ...kms, CLOUD_BACKUP_ENCRYPTION: "aws:kms" }), []);
  assert.deepEqual(problems({ ...kms, CLOUD_BACKUP_ENCRYPTION: "AES256" }).map((p) => p.variable), [
    "CLOUD_BACKUP_KMS_KEY",
  ]);
});

test("an address without its key, and a key without an address, are named", () => {
  const of = (environment: Record<string, string>) => problems(environment).map((p) => p.variable);
  assert.deepEqual(of({ CLOUD_BACKUP_URL: "s3://bucket" }), ["CLOUD_BACKUP_ACCESS_KEY", "CLOUD_BACKUP_SECRET_KEY"]);
  assert.deepEqual(of({ ...whole, CLOUD_BACKUP_URL: "" }), ["CLOUD_BACKUP_ACCESS_KEY", "CLOUD_BACKUP_SECRET_KEY"]);
  assert.deepEqual(of({ CLOUD_BACKUP_ENDPOINT: "http://store:9000" }), ["CLOUD_BACKUP_ENDPOINT"]);
});

test("a key of a key management service is refused where barman has no option for it", () => {
  const kms = { ...whole, CLOUD_BACKUP_ENCRYPTION: "aws:kms", CLOUD_BACKUP_KMS_KEY: "1234abcd" };
  assert.deepEqual(problems(kms), []);
  assert.deepEqual(problems(kms, "3.4").map((p) => p.variable), ["CLOUD_BACKUP_KMS_KEY"]);
});
