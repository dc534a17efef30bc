// A voter whose LEASE_TTL changes at a restart: it forgets no longer grant, and keeps a primary that still has the old value.
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { LeaseRequest } from "./decide/vote.ts";
import { openEpochs } from "./epochs.ts";
import { openLongestLease } from "./longest.ts";
import { Voter } from "./voter.ts";
import { createLog } from "../runtime/log.ts";
import { systemClock } from "../runtime/time.ts";

const log = createLog({ level: "ERROR", write: () => {}, wallMs: () => 0 });
const electorate = ["a", "b", "c"];
const longMs = 900;
const shortMs = 300;

const request = (kind: LeaseRequest["kind"], nodeId: number, ttlMs: number, number = 1): LeaseRequest => ({
  kind,
  from: { nodeId, host: electorate[nodeId - 1]!, incarnation: `${nodeId}` },
  term: { number, nodeId },
  ttlMs,
  electorate,
  round: 1,
});

/** Starts of one voter on one volume, where `longMs` was in use. */
async function withVoter(
  work: (start: (ttlMs: number) => Promise<Voter>, recorded: () => Promise<number>) => Promise<void>,
): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), "voter-"));
  const file = join(directory, "lease.json");
  try {
    await writeFile(file, JSON.stringify({ ttlMs: longMs }));
    const start = async (ttlMs: number) =>
      new Voter(
        { name: "b", incarnation: "x", ttlMs, electorate },
        log,
        await openEpochs(directory, log),
        await openLongestLease(directory, ttlMs, log),
      );
    await work(start, async () => JSON.parse(await readFile(file, "utf8")).ttlMs);
  } finally {
    await rm(directory, { recursive: true });
  }
}

test("a voter that starts with a shorter LEASE_TTL is silent for the longer one that it may have granted", async () => {
  await withVoter(async (start) => {
    const voter = await start(shortMs);
    await systemClock.sleep(shortMs + 200);
    const early = await voter.handle(request("acquire", 3, shortMs));
    assert.match(early.because, /started less than one LEASE_TTL ago/);
    assert.ok(early.freeInMs > 100);
    await systemClock.sleep(early.freeInMs + 20);
    assert.equal((await voter.handle(request("acquire", 3, shortMs))).granted, true);
  });
});

test("it still grants the lease to a primary with the longer one, until a node with the shorter one leads", async () => {
  await withVoter(async (start, recorded) => {
    const voter = await start(shortMs);
    await systemClock.sleep(longMs + 20);
    assert.equal((await voter.handle(request("acquire", 1, longMs))).granted, true);
    assert.equal(await recorded(), longMs);
    await voter.handle(request("release", 1, longMs));
    assert.equal((await voter.handle(request("acquire", 3, shortMs, 2))).granted, true);
    await systemClock.sleep(100);
    assert.equal(await recorded(), shortMs, "from here on it is silent for the shorter one after a start");
  });
});

test("a longer lease is on disk before it is granted, interrupts no other, and does not make the voter silent", async () => {
  await withVoter(async (start, recorded) => {
    const voter = await start(shortMs);
    await systemClock.sleep(longMs + 20);
    assert.equal((await voter.handle(request("acquire", 3, shortMs))).granted, true);
    await systemClock.sleep(50);
    const other = await voter.handle(request("acquire", 1, 5_000, 2));
    assert.match(other.because, /^granted to c$/);
    assert.equal(await recorded(), shortMs, "what is not granted is not recorded");
    assert.equal((await voter.handle(request("renew", 3, shortMs))).granted, true);
    await voter.handle(request("release", 3, shortMs));
    const answer = voter.handle(request("acquire", 1, 5_000, 2));
    assert.equal(voter.granted(), null, "it is not granted before it is on disk");
    assert.equal((await answer).granted, true);
    assert.equal(await recorded(), 5_000);
    assert.equal((await voter.handle(request("renew", 1, 5_000, 2))).granted, true);
  });
});

test("a voter that cannot record a longer lease does not grant it", async () => {
  const broken = { ms: () => shortMs, set: () => Promise.reject(new Error("no space left")) };
  const epochs = { highest: () => 0, leaderships: () => [], grant: () => Promise.resolve() };
  const voter = new Voter({ name: "b", incarnation: "x", ttlMs: shortMs, electorate }, log, epochs, broken);
  await systemClock.sleep(shortMs + 20);
  const reply = await voter.handle(request("acquire", 1, longMs));
  assert.deepEqual([reply.granted, reply.because], [false, "this voter cannot record that lease: no space left"]);
  assert.equal(voter.granted(), null);
  assert.equal((await voter.handle(request("acquire", 1, shortMs))).granted, true);
});

test("a voter without a record may have granted for 5 s, one whose record cannot be read for 60 s", async () => {
  const directory = await mkdtemp(join(tmpdir(), "voter-"));
  try {
    assert.equal((await openLongestLease(directory, shortMs, log)).ms(), 5_000);
    assert.equal((await openLongestLease(directory, 7_000, log)).ms(), 7_000);
    assert.equal((await openLongestLease(directory, shortMs, log)).ms(), 7_000);
    await writeFile(join(directory, "lease.json"), "{");
    assert.equal((await openLongestLease(directory, shortMs, log)).ms(), 60_000);
  } finally {
    await rm(directory, { recursive: true });
  }
});

test("a voter notes which leaderships only its own vote has granted, after a forced failover", async () => {
  await withVoter(async (start) => {
    const voter = await start(shortMs);
    await systemClock.sleep(longMs + 100);
    const grant = async (epoch: number, electorate: readonly string[]) => {
      voter.setElectorate(electorate);
      const from = { nodeId: 2, host: "b", incarnation: "2" };
      await voter.handle({ ...request("acquire", 2, shortMs, epoch), electorate });
      return (await voter.grantEpoch({ from, epoch, systemIdentifier: "1", partners: ["a", "b", "c"] })).granted;
    };
    assert.ok(await grant(2, ["a", "b", "c"]) && await grant(18, ["b"]));
    assert.deepEqual(voter.leaderships.map((l) => [l.epoch, l.alone]), [[18, true], [2, undefined]]);
  });
});
