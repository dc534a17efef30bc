// An answer counts for the node that was meant, and a node counts once.
import assert from "node:assert/strict";
import { test } from "node:test";
import { misdirected } from "./identity.ts";

const answer = (host: string, nodeId: number, ownHost: string) => ({ host, nodeId, ownHost });

const wrong = (answers: Parameters<typeof misdirected>[0], asked = answers.map((a) => a.host)) =>
  [...misdirected(answers, asked)].toSorted();

test("a name that leads to the container of another node that is asked, too, tells nothing", () => {
  const answers = [answer("pg1", 2, "pg2"), answer("pg2", 2, "pg2"), answer("pg3", 3, "pg3")];
  assert.deepEqual(wrong(answers), ["pg1"]);
  assert.deepEqual(
    wrong([answer("pg1", 2, "pg2")], ["pg1", "pg2"]),
    ["pg1"],
    "that node does not answer by its own name",
  );
  assert.deepEqual(wrong([answer("pg1", 2, "pg2"), answer("pg2", 1, "pg1")]), ["pg1", "pg2"]);
});

test("a node that is asked only by another name counts, and so do two containers that claim one name", () => {
  assert.deepEqual(wrong([answer("10.0.0.2", 2, "pg2"), answer("pg3", 3, "pg3")]), []);
  assert.deepEqual(wrong([answer("pg2", 2, "pg2"), answer("pg9", 9, "pg2")]), [], "another node id");
});
