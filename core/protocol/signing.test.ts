import assert from "node:assert/strict";
import { createHmac, scryptSync } from "node:crypto";
import { test } from "node:test";
import { clusterKeys, keyOf, type Message, otherAudience, sign, staleMs, Verifier } from "./signing.ts";

const key = "a key of sixteen characters";
const m: Message = { method: "POST", path: "/control/vote", audience: "run-1", timeMs: 1e12, nonce: "n1", body: "{}" };
const fresh = () => new Verifier([key], "run-1");
/** The wall clock, with a monotonic clock that goes along. */
const at = (wallMs: number) => ({ wallMs, nowMs: wallMs - 1e12 });

test("a genuine message is accepted once", () => {
  const verifier = fresh();
  assert.equal(verifier.refuse(m, sign(key, m), at(1e12)), null);
  assert.match(verifier.refuse(m, sign(key, m), at(1e12)) ?? "", /was received before/);
});

test("a message that was changed on the way is refused", () => {
  const signature = sign(key, m);
  const changes: Partial<Message>[] = [
    { method: "GET" },
    { path: "/control/other" },
    { audience: "run-2" },
    { timeMs: m.timeMs + 1 },
    { nonce: "n2" },
    { body: '{"a":1}' },
  ];
  for (const change of changes) {
    assert.match(
      fresh().refuse({ ...m, ...change }, signature, at(1e12)) ?? "",
      /signature is wrong/,
      JSON.stringify(change),
    );
  }
  for (const bad of ["", "00", "zz", signature.slice(2), `${signature}00`]) {
    assert.match(fresh().refuse(m, bad, at(1e12)) ?? "", /signature is wrong/);
  }
});

test("parts of a message cannot be moved from one to the next", () => {
  const moved = { ...m, path: "/control/vot", audience: "erun-1" };
  assert.notEqual(sign(key, m), sign(key, moved));
});

test("clocks may differ by minutes, not by more than the limit, in both directions", () => {
  for (const skew of [-staleMs, staleMs]) assert.equal(fresh().refuse(m, sign(key, m), at(m.timeMs + skew)), null);
  for (const skew of [-staleMs - 1, staleMs + 1]) {
    assert.match(fresh().refuse(m, sign(key, m), at(m.timeMs + skew)) ?? "", /stale/);
  }
  const never = { ...m, timeMs: NaN };
  assert.match(fresh().refuse(never, sign(key, never), at(1e12)) ?? "", /stale/);
});

test("a replay after a restart is refused, since it is for an earlier run of the agent", () => {
  assert.equal(new Verifier([key], "run-2").refuse(m, sign(key, m), at(1e12)), otherAudience);
});

test("a nonce is remembered for as long as the message could be fresh", () => {
  const verifier = fresh();
  assert.equal(verifier.refuse(m, sign(key, m), at(m.timeMs - staleMs)), null);
  for (let i = 0; i < 10; i++) {
    const other = { ...m, nonce: `o${i}` };
    verifier.refuse(other, sign(key, other), at(m.timeMs + staleMs));
  }
  assert.match(verifier.refuse(m, sign(key, m), at(m.timeMs + staleMs)) ?? "", /was received before/);
});

test("a step of the wall clock, there and back, makes no room for a replay", () => {
  const verifier = fresh();
  assert.equal(verifier.refuse(m, sign(key, m), { wallMs: m.timeMs, nowMs: 0 }), null);
  const later = { ...m, timeMs: m.timeMs + 3 * staleMs, nonce: "later" };
  assert.equal(verifier.refuse(later, sign(key, later), { wallMs: later.timeMs, nowMs: 1_000 }), null);
  assert.match(verifier.refuse(m, sign(key, m), { wallMs: m.timeMs, nowMs: 2_000 }) ?? "", /was received before/);
});

test("a message that may be repeated is accepted again, but only for its run, and it takes no room from the others", () => {
  const verifier = fresh();
  for (let i = 0; i < 2; i++) assert.equal(verifier.refuse(m, sign(key, m), at(m.timeMs), true), null);
  assert.equal(verifier.refuse(m, sign(key, m), at(m.timeMs)), null, "its nonce is not kept");
  assert.match(verifier.refuse(m, "00", at(m.timeMs), true) ?? "", /signature is wrong/);
  assert.match(verifier.refuse(m, sign(key, m), at(m.timeMs + staleMs + 1), true) ?? "", /stale/);
  assert.equal(new Verifier([key], "run-2").refuse(m, sign(key, m), at(m.timeMs), true), otherAudience);
});

test("a message that was answered before is known as such, and so shows nothing of its sender", () => {
  const verifier = fresh();
  assert.deepEqual([verifier.isRepeated(m), verifier.isRepeated(m)], [false, true]);
  for (let i = 0; i < 50_000; i++) verifier.isRepeated({ ...m, nonce: `o${i}` });
  assert.equal(verifier.isRepeated({ ...m, nonce: "o49999" }), true);
  assert.equal(verifier.isRepeated(m), false, "so many are kept, and no more");
});

test("however far the wall clock is set back, an order is carried out once", () => {
  const verifier = fresh();
  assert.equal(verifier.refuse(m, sign(key, m), { wallMs: m.timeMs, nowMs: 0 }), null);
  const later = { ...m, timeMs: m.timeMs + 3 * staleMs, nonce: "later" };
  assert.equal(verifier.refuse(later, sign(key, later), { wallMs: later.timeMs, nowMs: 3 * staleMs }), null);
  assert.match(verifier.refuse(m, sign(key, m), { wallMs: m.timeMs, nowMs: 4 * staleMs }) ?? "", /was received before/);
});

test("while a key is being changed both keys are accepted, and the first signs", () => {
  const [next, old] = ["the next key, long enough", key];
  assert.equal(new Verifier([next, old], "run-1").refuse(m, sign(old, m), at(1e12)), null);
  assert.equal(new Verifier([old, next], "run-1").refuse(m, sign(next, m), at(1e12)), null);
  assert.match(new Verifier([next], "run-1").refuse(m, sign(old, m), at(1e12)) ?? "", /signature/);
});

test("without CLUSTER_KEY the key follows from the password and is not the password", () => {
  const derived = clusterKeys([], "replication_pass");
  assert.ok(!derived.includes("replication_pass"));
  assert.deepEqual(clusterKeys([], "replication_pass"), derived);
  assert.ok(clusterKeys([], "another").every((key) => !derived.includes(key)));
  assert.deepEqual(clusterKeys(["given-given-given"], "replication_pass"), ["given-given-given"]);
});

test("an answer is in the key of its request, which may be the only one that the sender knows", () => {
  for (const key of ["new new new new new", "old old old old old"]) {
    assert.equal(keyOf(["new new new new new", "old old old old old"], m, sign(key, m)), key);
  }
  assert.equal(keyOf(["new new new new new"], m, "00"), "new new new new new");
});

test("the derived key that signs takes long to guess; the one of earlier agents is accepted", () => {
  const [signs, ...accepted] = clusterKeys([], "replication_pass");
  const salt = "postdock control key 2";
  const slow = scryptSync("replication_pass", salt, 32, { N: 32768, r: 8, p: 1, maxmem: 2 ** 26 }).toString("hex");
  assert.equal(signs, slow);
  const old = createHmac("sha256", "replication_pass").update("postdock control key 1").digest("hex");
  assert.deepEqual(accepted, [old]);
  assert.equal(new Verifier([signs!, ...accepted], "run-1").refuse(m, sign(old, m), at(1e12)), null);
});
