import assert from "node:assert/strict";
import { test } from "node:test";
import type { NodeStatus } from "../core/protocol/status.ts";
import { renderTopology, type SeenNode } from "./topology.ts";

const node = (service: string, role: string, upstream: string | null): SeenNode => ({
  service,
  port: "5432",
  status: {
    node: { id: 1, name: `name of ${service}`, host: service },
    postgres: { role, upstream: upstream === null ? null : { host: upstream, port: 5432, streaming: true } },
  } as unknown as NodeStatus,
});

test("renderTopology() puts each node under the one it streams from, whichever node is primary", () => {
  const text = renderTopology([
    node("a", "standby", "b"),
    node("b", "primary", null),
    node("c", "standby", "a"),
    { service: "d", port: "1", status: null },
  ]);
  assert.deepEqual(text.split("\n").map((l) => l.slice(2).replace(/ +port.*/, "")), ["b", "|- a", "|  |- c", "d"]);
  assert.match(text, /b +port 5432 {2}name of b, primary/);
  assert.match(text, /d +port 1 {2}did not answer/);
});

test("renderTopology() shows a node whose upstream is not one of ours", () => {
  assert.match(renderTopology([node("a", "standby", "elsewhere")]), /^ {2}a /);
});
