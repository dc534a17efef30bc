import assert from "node:assert/strict";
import { test } from "node:test";
import { lostPeer, standbyPeer } from "../../../tests/support/peer.ts";
import { isOutsider, withoutOutsiders } from "./outsider.ts";

const view = {
  self: { host: "b", nodeId: 2, name: "b", priority: 100, uptimeSeconds: 60 },
  otherPartners: ["a", "c"],
  observers: [],
  quorum: true,
  everHadMajority: false,
  peers: [lostPeer("a"), standbyPeer("c", 3)],
};
const copy = standbyPeer("a", 1, { role: "primary", wasPrimary: true, everHadMajority: false });

test("a volume that knows of no majority is an outsider where another node knows of one", () => {
  assert.equal(isOutsider(view), true);
  assert.equal(isOutsider({ ...view, everHadMajority: true }), false);
  assert.equal(isOutsider({ ...view, peers: [lostPeer("a"), lostPeer("c")] }), false, "nobody says so");
  assert.equal(isOutsider({ ...view, peers: [standbyPeer("c", 3, { everHadMajority: false })] }), false);
});

test("without a lease in force, any node may be the first to know of a majority", () => {
  assert.equal(isOutsider({ ...view, quorum: false }), false);
  assert.equal(isOutsider({ ...view, otherPartners: ["c"] }), false, "two voters");
  assert.equal(isOutsider({ ...view, otherPartners: ["c"], observers: [{ host: "o", answers: true }] }), true);
});

test("the WAL of a former primary that knows of no majority does not count; that of a fresh clone does", () => {
  const joined = { ...view, everHadMajority: true };
  const positions = (peers: typeof view.peers, v = joined) =>
    withoutOutsiders({ ...v, peers }).peers.map((p) => p.seen === "reached" && p.position !== null);
  const fresh = standbyPeer("c", 3, { everHadMajority: false });
  assert.deepEqual(positions([copy, fresh]), [false, true]);
  assert.deepEqual(positions([{ ...copy, role: "none" }, fresh]), [false, true]);
  assert.deepEqual(positions([copy, fresh], view), [true, true], "no node in sight knows of a majority");
  assert.deepEqual(positions([copy, fresh], { ...joined, quorum: false }), [true, true]);
});
