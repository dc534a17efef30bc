// What each release said, stored as it came from running containers: it is understood now. A change of the protocol that breaks
// that is not a change of these files.
import assert from "node:assert/strict";
import { test } from "node:test";
import { orders } from "./orders.ts";
import first from "./releases/2.0.0.json" with { type: "json" };
import { readAnyStatus, readStatus } from "./read-status.ts";

interface Said {
  statuses: Readonly<Record<string, unknown>>;
  lease: Record<string, { question: unknown; answer: unknown }>;
}

/** A new release adds its own. */
const releases: Readonly<Record<string, Said>> = { "2.0.0": first as unknown as Said };

for (const [name, { statuses, lease }] of Object.entries(releases)) {
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
