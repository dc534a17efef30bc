// Tests of what doctor says of TLS.
import assert from "node:assert/strict";
import { test } from "node:test";
import { says } from "../../tests/support/fake-cluster.ts";
import type { NodeStatus } from "../../core/protocol/status.ts";
import { tls } from "./diagnose-tls.ts";

const found = (seen: Record<string, NodeStatus["tls"]>, members: readonly object[] = []) =>
  tls(
    { nodes: Object.entries(seen).map(([host, tls]) => ({ host, status: { ...says(host), tls } })), members } as never,
  )
    .map(({ about, what, fix }) => `${about} ${what} ${fix}`);

const on = { on: true, faults: [] };

test("nodes that agree, and nodes that were not seen yet, are sound", () => {
  assert.deepEqual(found({ pg1: on, pg2: on, pg3: null }), []);
  assert.deepEqual(found({ pg1: { on: false, faults: [] }, pg2: null }), []);
});

test("a node without TLS beside nodes with TLS is named: where it leads, hostssl lines let nobody in", () => {
  const [finding = ""] = found({ pg1: on, pg2: { on: false, faults: [] }, pg3: on });
  assert.match(finding, /^cluster TLS is on at pg1, pg3, and off at pg2: .* set the same TLS on every node/);
});

test("what is wrong with the files of a node, or soon will be, is a finding about that node", () => {
  const faults = [{ because: "the certificate ends", fix: "renew it" }];
  assert.deepEqual(found({ pg1: { on: true, faults }, pg2: on }), ["pg1 the certificate ends renew it"]);
});

test("what is wrong with the files of pgpool or barman is named as well", () => {
  const tlsFaults = [{ because: "the key is another one's", fix: "mount its own" }];
  const members = [{ host: "pgpool", status: { tlsFaults } }, { host: "backup", error: "no answer" }, {
    host: "pg1",
    status: {},
  }];
  assert.deepEqual(found({ pg1: on }, members), ["pgpool the key is another one's mount its own"]);
});
