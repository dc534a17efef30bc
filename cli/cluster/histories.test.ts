// What the containers have noted, and what could not be read of it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { clusterOf, pool } from "../../tests/support/seen-cluster.ts";
import { readHistories } from "./histories.ts";

const event = (node: string) => ({ time: "2026-11-28T11:00:00.000Z", node, event: "Promoted", because: "it leads" });
const { members } = clusterOf({ nodes: { pg3: null }, others: { pool1: pool, localhost: pool } });

test("pgpool is called as it is reached, and every container that answers nothing useful says so", async () => {
  const answers: Record<string, string> = {
    pg1: JSON.stringify({ entries: [event("pg1"), { ...event("pg1"), because: 7 }] }),
    pg2: "<html>",
    pool1: JSON.stringify({ entries: [event("pgpool")] }),
  };
  const asked: string[] = [];
  const getText = (host: string) => {
    asked.push(host);
    return answers[host] === undefined ? Promise.reject(new Error("404")) : Promise.resolve(answers[host]);
  };
  const found = await readHistories(members, { peers: { getText }, timeoutMs: 1 });
  assert.deepEqual(asked, ["pg1", "pg2", "pool1", "localhost"], "one that has not answered is not asked again");
  const nodes = found.map((h) => "error" in h ? `${h.host}: ${h.error.slice(0, 12)}` : h.entries.map((e) => e.node));
  assert.deepEqual([nodes[0], nodes[2], nodes[3]], [["pg1", "pg1"], ["pool1"], "localhost: 404"]);
  assert.match(String(nodes[1]), /^pg2: /);
});
