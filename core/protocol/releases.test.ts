// What each release said, stored as it came from running containers: it is understood now. A change of the protocol that breaks
// that is not a change of these files.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { orders } from "./orders.ts";
import { readAnyStatus, readStatus } from "./read-status.ts";

interface Said {
  statuses: Record<string, unknown>;
  lease: Record<string, { question: unknown; answer: unknown }>;
}

const directory = join(import.meta.dirname!, "releases");
const releases = readdirSync(directory).map((name) => ({
  name,
  said: JSON.parse(readFileSync(join(directory, name), "utf8")) as Said,
}));

test("there is a release to be compatible with", () => assert.ok(releases.some((r) => r.name === "2.0.0.json")));

for (const { name, said: { statuses, lease } } of releases) {
  test(`${name}: its nodes are understood, with all that decisions rest on`, () => {
    for (const role of ["primary", "standby"]) {
      const read = readStatus(statuses[role]);
      assert.ok(read.ok, "why" in read ? read.why : "");
      const { node, postgres, everHadMajority, partners, lease } = read.status;
      assert.deepEqual([postgres.role, postgres.data, everHadMajority, lease.mode], [role, "cluster", true, "on"]);
      assert.equal(lease.held, role === "primary");
      assert.ok(node.id > 0 && partners.includes(node.host));
      assert.match(postgres.systemIdentifier ?? "", /^\d{19}$/);
      assert.ok((postgres.timeline ?? 0) > 0 && postgres.lsn !== null);
      assert.equal(postgres.upstream === null, role === "primary");
    }
  });

  test(`${name}: its other containers are understood`, () => {
    for (const status of Object.values(statuses)) assert.ok(readAnyStatus(status).ok);
  });

  test(`${name}: its requests for the lease, and its voters' answers, are understood`, () => {
    const { epoch, ...votes } = lease;
    assert.deepEqual(Object.keys(votes).toSorted(), ["acquire", "release", "renew"]);
    for (const [kind, { question, answer }] of Object.entries(votes)) {
      assert.equal(orders.vote.question.parse(question).kind, kind);
      assert.equal(orders.vote.answer.parse(answer).granted, true);
    }
    assert.equal(orders.epoch.question.parse(epoch!.question).epoch, orders.epoch.answer.parse(epoch!.answer).highest);
  });
}
