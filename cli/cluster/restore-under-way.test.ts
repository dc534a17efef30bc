// Who asks for the primary while a node is restored learns how far it is, what it waits for, and what ends that.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { NodeStatus } from "../../core/protocol/status.ts";
import { restoreUnderWay } from "./gather.ts";

const said = (restore: Partial<NonNullable<NodeStatus["restore"]>> | null) => {
  const status = { restore: restore && { target: "the latest moment", trouble: null, ...restore } };
  return restoreUnderWay({ nodes: [{ host: "pgmaster", status: status as NodeStatus }] });
};

test("a restore is named with its step, its trouble and the command that goes on", () => {
  assert.equal(said(null), null);
  assert.match(said({ step: "copying" })!.what, /^pgmaster is being restored to the latest moment \(copying\), and no/);
  const stuck = said({ step: "recovering", trouble: "barman's agent does not answer" })!;
  assert.match(stuck.what, /\(recovering; trouble: barman's agent does not answer\)/);
  assert.match(stuck.fix, /restore resume .*restore abort/);
  assert.match(said({ step: "holding" })!.fix, /restore finish/);
});
