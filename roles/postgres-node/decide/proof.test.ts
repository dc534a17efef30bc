// In strict mode no node leads without every acknowledged commit, also while PARTNER_NODES differ from node to node.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { lostPeer as lost, standbyPeer as peer } from "../../../tests/support/peer.ts";
import { missingProof, type ProofView } from "./proof.ts";

const view = (changes: Partial<ProofView>): ProofView => ({
  self: { host: "a", nodeId: 1, name: "a", priority: 100, uptimeSeconds: 60 },
  strict: true,
  quorum: true,
  otherPartners: ["p"],
  everHadMajority: true,
  leaderships: [],
  systemIdentifier: "1",
  position: { timeline: 4, lsn: "0/5000000" },
  peers: [],
  ...changes,
});
const grown = ["p", "a", "b"];
const led = { epoch: 4, host: "p", systemIdentifier: "1", partners: grown };

test("a commit may have waited for a node that this one does not know yet: the voters remember the configuration", () => {
  // from two nodes and an observer to three: the primary p has been changed and has died, a has not been changed
  assert.equal(missingProof(view({})), null, "as far as this node knows, p waited for it");
  assert.equal(
    missingProof(view({ leaderships: [led], peers: [lost("p")] })),
    "CONSISTENCY is strict, and 1 of 3 nodes (PARTNER_NODES of the primary of timeline 4: p,a,b) cannot prove that no " +
      "acknowledged commit is lost; start the others, or type postdock cluster failover --force to go on with what is here",
  );
  assert.equal(missingProof(view({ leaderships: [led], peers: [lost("p"), peer("b", 3)] })), null);
});

test("a node that was away when the majority joined proves too what voters know of a leadership", () => {
  const away = (changes: Partial<ProofView>) =>
    missingProof(view({ everHadMajority: false, peers: [lost("p")], ...changes }));
  assert.equal(away({}), null, "before a majority has joined, no commit waits for this node");
  assert.match(away({ leaderships: [{ ...led, epoch: 9 }] })!, /1 of 3 nodes .* cannot prove/);
  assert.equal(away({ leaderships: [{ ...led, epoch: 9, systemIdentifier: "2" }] }), null, "of another cluster");
});

test("a configuration counts if a node in sight has it, or a leadership that is not older than this node's WAL", () => {
  assert.match(missingProof(view({ peers: [peer("c", 4, { partners: grown })] }))!, /PARTNER_NODES of c: p,a,b/);
  assert.equal(missingProof(view({ leaderships: [{ ...led, epoch: 3 }] })), null, "its commits are in timeline 4");
  assert.equal(missingProof(view({ leaderships: [{ ...led, systemIdentifier: "2" }] })), null, "of a former cluster");
});

test("nodes of another cluster, nodes without data, and an older copy of a volume prove nothing", () => {
  const proven = (changes: Parameters<typeof peer>[2]) =>
    missingProof(view({ otherPartners: ["p", "b"], peers: [lost("p"), peer("b", 3, changes)] })) === null;
  assert.equal(proven({}), true);
  assert.equal(proven({ systemIdentifier: "2" }), false);
  assert.equal(proven({ position: null }), false);
  assert.equal(proven({ everHadMajority: false }), true, "a standby that was just cloned");
  assert.equal(proven({ everHadMajority: false, wasPrimary: true, role: "none" }), false);
  assert.equal(proven({ everHadMajority: false, role: "primary" }), false);
});

test("a node that is reached under two names counts once, under its own name", () => {
  const twice = [peer("b", 3), peer("c", 3, { ownHost: "b" }), lost("p"), lost("d")];
  assert.match(missingProof(view({ otherPartners: ["p", "b", "c", "d"], peers: twice }))!, /2 of 5 nodes/);
});

test("without strict mode a node does not lead alone after a leadership of another node that it has not followed", () => {
  const eventual = (changes: Partial<ProofView>) =>
    missingProof(view({ strict: false, peers: [lost("p")], ...changes }));
  const two = { ...led, epoch: 5, partners: ["p", "a"] };
  assert.match(eventual({ leaderships: [two] })!, /^p has led on timeline 5 since.*start p, or type .*--force/);
  assert.equal(eventual({ leaderships: [{ ...two, epoch: 4 }] }), null, "this node has followed it");
  assert.equal(eventual({ leaderships: [{ ...two, host: "a" }] }), null, "it was this node, which knows what it has");
  assert.equal(eventual({ leaderships: [two], quorum: false }), null, "an operator answers for it");
  const three = { ...two, partners: grown };
  assert.match(eventual({ leaderships: [three] })!, /no node in sight has followed it/);
  assert.equal(eventual({ leaderships: [three], peers: [lost("p"), peer("b", 3)] }), null, "most nodes are in sight");
  assert.notEqual(eventual({ leaderships: [three], peers: [lost("p"), peer("b", 3, { position: null })] }), null);
  const empty = (host: string, id: number) =>
    peer(host, id, { hasCluster: false, role: "none", position: null, systemIdentifier: null });
  assert.notEqual(eventual({ leaderships: [three], peers: [lost("p"), empty("b", 3)] }), null, "p may have it all");
  assert.equal(eventual({ leaderships: [three], peers: [empty("p", 1), lost("b")] }), null, "what p had is gone");
});

test("whatever the configurations are, a proof means that a node in sight has every acknowledged commit", () => {
  const hosts = ["a", "b", "c", "d", "e"];
  const subset = fc.subarray(hosts, { minLength: 1 });
  const input = fc.record({
    led: subset,
    own: subset,
    seen: subset,
    acknowledged: subset,
    leader: fc.nat(4),
    known: fc.boolean(),
  });
  fc.assert(
    fc.property(input, ({ led: partners, own, seen, acknowledged, leader, known }) => {
      const primary = partners[leader % partners.length]!;
      const others = partners.filter((h) => h !== primary);
      const waitedFor = acknowledged.filter((h) => others.includes(h)).slice(0, Math.floor(partners.length / 2));
      if (waitedFor.length < Math.floor(partners.length / 2)) return; // not acknowledged
      const why = missingProof(view({
        otherPartners: own.filter((h) => h !== "a"),
        leaderships: known ? [{ ...led, partners }] : [],
        peers: seen.filter((h) => h !== "a").map((h) =>
          peer(h, hosts.indexOf(h) + 1, { partners: known ? [] : partners })
        ),
      }));
      const learnt = known || seen.some((h) => h !== "a");
      if (why === null && learnt) assert.ok(["a", ...seen].some((h) => h === primary || waitedFor.includes(h)));
    }),
    { numRuns: 2_000 },
  );
});
