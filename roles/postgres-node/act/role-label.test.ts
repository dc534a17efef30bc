// The primary labels pods beside its loop: what is right is left alone, an API server that is away is asked with pauses, and a node
// that has lost its lease changes nothing.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { LabelChange, SeenPod } from "../../../core/client/kubernetes-pods.ts";
import { OperatorError } from "../../../core/words/errors.ts";
import { server } from "../../../tests/support/fake-cluster.ts";
import { type FakeNode, fakeNode, started } from "../../../tests/support/fake-node.ts";
import { lostPeer, standbyPeer } from "../../../tests/support/peer.ts";
import type { Peer } from "../decide/view.ts";
import { RoleLabel } from "./role-label.ts";

/** Pods that a test changes, and what was asked of them. */
class FakePods {
  reads = 0;
  readonly changes: string[] = [];
  fails: Error | null = null;
  /** called before a change: what happens at that moment */
  before = () => {};
  private version = 1;
  readonly pods = new Map<string, SeenPod>();

  put(name: string, role: string | null): void {
    const labels: Record<string, string> = role === null ? {} : { "postdock/role": role, "postdock/reads": "true" };
    this.pods.set(name, { name, labels, version: `${this.version++}` });
  }

  read = async (name: string): Promise<SeenPod | null> => {
    this.reads++;
    await Promise.resolve();
    if (this.fails) throw this.fails;
    return this.pods.get(name) ?? null;
  };

  label = async (pod: SeenPod, change: LabelChange): Promise<boolean> => {
    this.before();
    await Promise.resolve();
    if (this.pods.get(pod.name)?.version !== pod.version) return false;
    const role = change["postdock/role"] ?? null;
    this.changes.push(`${pod.name} ${role}`);
    this.put(pod.name, role);
    return true;
  };

  roles(): string[] {
    return [...this.pods.values()].map((p) => p.labels["postdock/role"] ?? "none");
  }
}

const standby = (host: string, changes = {}): Peer => standbyPeer(host, 2, { systemIdentifier: "7", ...changes });

/** pg1 leads; pg2 and pg3 stream from it. */
async function leading(): Promise<{ f: FakeNode; pods: FakePods; label: RoleLabel; look: Look }> {
  const f = await started(fakeNode({ KUBERNETES_ROLE_PODS: "pg1=pod-0,pg2=pod-1,pg3=pod-2" }));
  f.world.held = true;
  const pods = new FakePods();
  for (const name of ["pod-0", "pod-1", "pod-2"]) pods.put(name, null);
  f.node.doors.pods = pods;
  const label = new RoleLabel(f.node);
  let failed: unknown = null;
  const look = async (peers: readonly Peer[] = [standby("pg2"), standby("pg3")], forMs = 1_000) => {
    failed = null;
    try {
      label.keep({ peers, observers: [], primary: null });
    } catch (error) {
      failed = error;
    }
    await f.clock.pass(forMs); // lets the look at the pods end first
    return failed;
  };
  return { f, pods, label, look };
}
type Look = (peers?: readonly Peer[], forMs?: number) => Promise<unknown>;

test("each pod gets its label once, with an event, and is then left alone", async () => {
  const { f, pods, look } = await leading();
  for (let i = 0; i < 20; i++) assert.equal(await look(), null);
  assert.deepEqual(pods.changes.toSorted(), ["pod-0 primary", "pod-1 standby", "pod-2 standby"]);
  assert.equal(f.lines.filter((l) => l.includes("Pod labelled")).length, 3);
  assert.match(f.lines.find((l) => l.includes("pod-1"))!, /"host":"pg2","role":"standby"/);
});

test("pods are read every 2 s while something changes, and then every 10 s", async () => {
  const { pods, look } = await leading();
  for (let i = 0; i < 30; i++) await look();
  assert.equal(pods.reads, 3 * 15);
  for (let i = 0; i < 10; i++) await look();
  const before = pods.reads;
  for (let i = 0; i < 50; i++) await look();
  assert.equal(pods.reads - before, 3 * 5);
});

test("nothing is asked without the variable, by a standby, and by a node without the lease", async () => {
  const without = await leading();
  without.f.node.config.rolePods = [];
  await without.look();
  const unleased = await leading();
  unleased.f.world.held = false;
  await unleased.look();
  const follower = await leading();
  follower.f.world.server = server({ standby: true });
  await started(follower.f);
  await follower.look();
  assert.deepEqual([without, unleased, follower].map(({ pods }) => pods.reads), [0, 0, 0]);
});

test("a new primary takes the label from one that is cut off, and gives itself its own, at once", async () => {
  const { pods, look } = await leading();
  pods.put("pod-0", "standby");
  pods.put("pod-1", "primary");
  pods.put("pod-2", "standby");
  await look([lostPeer("pg2"), standby("pg3", { streaming: false })], 0);
  assert.deepEqual(pods.roles(), ["primary", "none", "standby"]);
});

test("a late change of a former primary is taken back within 2 s", async () => {
  const { pods, look } = await leading();
  await look();
  await look();
  pods.put("pod-1", "primary");
  await look();
  await look();
  assert.deepEqual(pods.roles(), ["primary", "standby", "standby"]);
});

test("a node that loses its lease before the change does not change anything", async () => {
  const { f, pods, look } = await leading();
  const { read } = pods;
  pods.read = async (name) => {
    const pod = await read(name);
    f.world.held = false;
    return pod;
  };
  await look();
  assert.deepEqual(pods.changes, []);
});

test("nor does one that has got another lease since it decided", async () => {
  const { f, pods, look } = await leading();
  const { read } = pods;
  pods.read = async (name) => {
    const pod = await read(name);
    f.node.lease.term = () => 2;
    return pod;
  };
  await look();
  assert.deepEqual(pods.changes, []);
});

test("a pod that changes at the same moment is read again, three times at most", async () => {
  const { pods, look } = await leading();
  let races = 1;
  pods.before = () => races-- > 0 && pods.put("pod-0", null);
  await look();
  assert.deepEqual(pods.roles(), ["primary", "standby", "standby"]);
  const always = await leading();
  always.pods.before = () => always.pods.put("pod-0", null);
  await always.look(undefined, 0);
  assert.ok(always.pods.reads <= 9);
});

test("an API server that is away for ten minutes holds no look up, is asked every 10 s, and is one trouble", async () => {
  const { pods, look } = await leading();
  await look();
  const away = new OperatorError({ what: "It does not answer", why: "first", fix: "wait" });
  pods.fails = away;
  const soon = pods.reads;
  for (let i = 0; i < 40; i++) await look();
  const before = pods.reads;
  assert.ok(before - soon <= 3 * 8, `${before - soon} reads in the first 40 s, although something has just changed`);
  const texts = new Set<unknown>();
  for (let i = 0; i < 600; i += 4) {
    pods.fails = new OperatorError({ what: "It does not answer", why: `${i}`, fix: "wait" });
    texts.add((await look(undefined, 4_000) as Error).message);
  }
  assert.deepEqual([...texts], [away.message]);
  assert.ok(pods.reads - before <= 3 * 61, `${pods.reads - before} reads`);
  pods.fails = null;
  pods.put("pod-2", null);
  for (let i = 0; i < 11; i++) await look();
  assert.equal(await look(), null);
  assert.deepEqual(pods.roles(), ["primary", "standby", "standby"]);
});

test("one look that hangs does not keep the loop, and no second one begins beside it", async () => {
  const { pods, look } = await leading();
  const { read } = pods;
  const hangs = Promise.withResolvers<void>();
  pods.read = async (name) => {
    const pod = await read(name);
    await hangs.promise;
    return pod;
  };
  for (let i = 0; i < 20; i++) assert.equal(await look(), null);
  assert.equal(pods.reads, 3);
  hangs.resolve();
  await look();
  assert.deepEqual(pods.roles(), ["primary", "standby", "standby"]);
});

test("a pod that was made anew gets its label again", async () => {
  const { pods, look } = await leading();
  for (let i = 0; i < 40; i++) await look();
  pods.put("pod-2", null);
  for (let i = 0; i < 11; i++) await look();
  assert.deepEqual(pods.roles(), ["primary", "standby", "standby"]);
});

test("a standby that is not seen any more loses its label after 5 s, and has it again once it streams", async () => {
  const { pods, look } = await leading();
  await look();
  const without = [standby("pg2"), lostPeer("pg3")];
  for (let i = 0; i < 4; i++) await look(without);
  assert.deepEqual(pods.roles(), ["primary", "standby", "standby"]);
  for (let i = 0; i < 3; i++) await look(without);
  assert.deepEqual(pods.roles(), ["primary", "standby", "none"]);
  await look();
  await look();
  assert.deepEqual(pods.roles(), ["primary", "standby", "standby"]);
});
