// A node that is to be restored: what comes first, who may lead meanwhile, and when the restore is over.
import assert from "node:assert/strict";
import { test } from "node:test";
import { lostPeer } from "../../../tests/support/peer.ts";
import { ownCluster, startView, stoppedPeer } from "../../../tests/support/startup-view.ts";
import { wasPromoted } from "./restore.ts";
import { decideStartup } from "./startup.ts";
import type { ClusterView } from "./view.ts";

const order = { id: "r1", backup: "20261127T203444", timeline: 5, undo: false };
const newer = stoppedPeer("pgslave1", { position: { timeline: 9, lsn: "0/9000000" } });
const plan = (changes: Partial<ClusterView>) =>
  decideStartup(startView({ restore: order, peers: [newer, stoppedPeer("pgslave3")], ...changes }));
const restored = ownCluster({ restored: "r1", wasPrimary: false, ungranted: true });

test("the backup is copied whatever is here, and the copy leads whatever data the others have", () => {
  for (
    const data of [
      ownCluster(),
      ownCluster({ restored: "another" }),
      { kind: "empty" },
      { kind: "half-cloned" },
      { kind: "damaged", why: "no control file" },
    ] as const
  ) {
    assert.equal(plan({ data }).do, "restore", JSON.stringify(data));
  }
  assert.equal(plan({ data: restored }).do, "start-primary");
  assert.equal(plan({ data: restored, strict: true }).do, "start-primary", "the operator answers for what is left out");
  assert.equal(plan({ data: { kind: "unfinished-move" } }).do, "finish-move", "before anything else");
});

test("while another node is primary, or no majority answers, nothing is replaced", () => {
  const primary = { host: "pgslave1", systemIdentifier: "1", timeline: 9, history: [], origin: null };
  for (const data of [ownCluster(), restored]) {
    const waits = plan({ data, primary });
    assert.equal(waits.do, "wait");
    assert.match(waits.because, /pgslave1 is primary.*postdock barman restore abort/);
    const alone = plan({ data, peers: [lostPeer("pgslave1"), lostPeer("pgslave3")] });
    assert.equal(alone.do, "wait");
    assert.match(alone.because, /only 1 of 3 voters/);
  }
});

test("an operator's abort comes first, also where another node is primary", () => {
  const primary = { host: "pgslave1", systemIdentifier: "1", timeline: 9, history: [], origin: null };
  for (const data of [ownCluster(), restored]) {
    assert.equal(plan({ data, primary, restore: { ...order, undo: true } }).do, "undo-restore");
  }
});

test("no former primary starts while another node is restored", () => {
  const start = (restoring: string | null) =>
    decideStartup(startView({ restoring, peers: [stoppedPeer("pgslave1"), stoppedPeer("pgslave3")] }));
  assert.equal(start(null).do, "start-primary");
  assert.equal(start("pgmaster").do, "start-primary", "it is this node itself");
  assert.equal(start("pgslave1").do, "wait");
  assert.match(start("pgslave1").because, /pgslave1 is being restored from a backup/);
});

test("restored data that have begun the timeline of their epoch are no longer to be recovered", () => {
  const on = (timeline: number, epoch: number | null, leased: boolean, id = "r1") =>
    wasPromoted(
      ownCluster({ restored: id, position: { timeline, lsn: "0/1000000" } }),
      { id: "r1", timeline: 5, epoch },
      leased,
    );
  assert.deepEqual([on(1, 7, true), on(5, 7, true), on(6, 7, true), on(7, 7, true)], [false, false, false, true]);
  assert.deepEqual([on(6, null, true), on(7, 7, true, "r0")], [false, false], "promoted by hand; of another restore");
  assert.deepEqual([on(1, null, false), on(5, null, false), on(6, null, false)], [false, false, true], "no lease");
});

test("restored data that were promoted by hand are neither recovered nor led with: the operator aborts", () => {
  const byHand = plan({ data: { ...restored, position: { timeline: 6, lsn: "0/5000000" } } });
  assert.equal(byHand.do, "wait");
  assert.match(byHand.because, /promoted by hand, without an epoch: type postdock barman restore abort/);
});
