// No two leaderships have one epoch, and a later one has the greater, whichever majority each of them met.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { aboveForced, aboveUnknown, judgeEpoch, type Leadership, nextEpoch, withLeaderships } from "./epoch.ts";

const claimant = (nodeId: number, incarnation = "a") => ({ nodeId, host: `pg${nodeId}`, incarnation });
const request = { from: claimant(1), epoch: 5 };

test("an epoch is granted once, to the holder of the lease only", () => {
  assert.equal(judgeEpoch({ holder: claimant(1), highest: 4, highestTo: null }, request).ok, true);
  assert.match(
    judgeEpoch({ holder: claimant(1), highest: 5, highestTo: claimant(2) }, request).because,
    /epoch 5 has been granted already/,
  );
  assert.match(
    judgeEpoch({ holder: claimant(2), highest: 4, highestTo: null }, request).because,
    /granted the lease to pg2/,
  );
  assert.match(
    judgeEpoch({ holder: null, highest: 4, highestTo: null }, request).because,
    /granted the lease to nobody/,
  );
});

test("another run of the same node is another claimant", () => {
  assert.equal(judgeEpoch({ holder: claimant(1, "b"), highest: 4, highestTo: null }, request).ok, false);
});

test("the same question twice gets the same answer, also from a voter that is asked under two names", () => {
  assert.equal(judgeEpoch({ holder: claimant(1), highest: 5, highestTo: claimant(1) }, request).ok, true);
  assert.equal(judgeEpoch({ holder: claimant(1), highest: 6, highestTo: claimant(1) }, request).ok, false);
  assert.equal(judgeEpoch({ holder: claimant(1), highest: 5, highestTo: claimant(1, "b") }, request).ok, false);
});

test("a voter that cannot read what it has granted grants nothing", () => {
  assert.match(judgeEpoch({ holder: claimant(1), highest: null, highestTo: null }, request).because, /cannot read/);
});

test("epochs grow from one leadership to the next, though each meets another majority, and some attempts fail", () => {
  // `up`: which of five voters the claimant reaches; each leader starts from its own old timeline
  const attempts = fc.array(
    fc.record({ nodeId: fc.integer({ min: 1, max: 5 }), up: fc.array(fc.boolean(), { minLength: 5, maxLength: 5 }) }),
    { maxLength: 30 },
  );
  fc.assert(fc.property(attempts, (all) => {
    const voters = [0, 0, 0, 0, 0];
    const timelines = [1, 1, 1, 1, 1];
    const led: number[] = [];
    for (const { nodeId, up } of all) {
      let epoch = timelines[nodeId - 1]! + 1;
      for (let attempt = 0; attempt < 3; attempt++) {
        const replies = voters.flatMap((highest, v) => {
          if (!up[v]) return [];
          const { ok } = judgeEpoch({ holder: claimant(nodeId), highest, highestTo: null }, {
            from: claimant(nodeId),
            epoch,
          });
          if (ok) voters[v] = epoch;
          return [{ ok, highest: voters[v]! }];
        });
        if (replies.filter((r) => r.ok).length >= 3) {
          led.push(epoch);
          timelines[nodeId - 1] = epoch;
          break;
        }
        epoch = nextEpoch(epoch, replies);
      }
    }
    assert.deepEqual(led, [...new Set(led)].toSorted((a, b) => a - b));
  }));
});

test("of each node and configuration, the newest leadership is remembered", () => {
  const led = (epoch: number, partners: string[], systemIdentifier = "1", host = "a"): Leadership => ({
    epoch,
    host,
    systemIdentifier,
    partners,
  });
  const before = withLeaderships([led(2, ["a", "b"])], [led(3, ["a", "b", "c"]), led(1, ["a", "b"], "2")]);
  assert.deepEqual(before.map((l) => l.epoch), [3, 2, 1]);
  assert.deepEqual(withLeaderships(before, [led(4, ["b", "a"])]).map((l) => l.epoch), [4, 3, 1]);
  assert.deepEqual(withLeaderships(before, [led(4, ["b", "a"], "1", "b")]).map((l) => l.epoch), [4, 3, 2, 1]);
  assert.deepEqual(withLeaderships(before, [led(1, ["c", "b", "a"])]), before, "an older answer changes nothing");
  const alone = { ...led(9, ["a", "b"]), alone: true };
  assert.deepEqual(withLeaderships(before, [alone]), [alone, ...before], "a forced one replaces none of a majority");
});

test("no two nodes that vote alone ask for one number, and each leaves out numbers that others may have", () => {
  const partners = ["pg1", "pg2", "pg3"];
  fc.assert(fc.property(fc.nat(5_000), fc.nat(5_000), (a, b) => {
    assert.notEqual(aboveUnknown(a, { host: "pg1", partners }), aboveUnknown(b, { host: "pg3", partners }));
    assert.ok(aboveUnknown(a, { host: "pg2", partners }) >= a + 16);
  }));
  assert.ok(aboveUnknown(1, { host: "pg9", partners }) >= 17);
});

test("after a number that was taken alone, a majority takes none that another forced node may have", () => {
  const partners = ["pg1", "pg2", "pg3"];
  const alone = { epoch: 19, host: "pg2", systemIdentifier: "7", partners, alone: true };
  assert.equal(aboveForced(19, [{ ...alone, alone: false }]), 19);
  assert.equal(aboveForced(25, [alone]), 25, "a majority has granted an epoch since");
  const wanted = aboveForced(19, [alone]) + 1;
  for (const host of partners) {
    for (let known = 1; known <= 19; known++) assert.ok(aboveUnknown(known, { host, partners }) + 1 < wanted);
  }
});
