// A node's lease against its own real voter, while the other voters do not answer.
import { type Leadership, withLeaderships } from "../../../core/lease/decide/epoch.ts";
import type { Epochs } from "../../../core/lease/epochs.ts";
import type { LongestLease } from "../../../core/lease/longest.ts";
import assert from "node:assert/strict";
import { copyFile, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { ControlClient } from "../../../core/client/control-client.ts";
import { defaultHttpPort } from "../../../config/http-port.ts";
import { Peers } from "../../../core/client/peers.ts";
import { Voter } from "../../../core/lease/voter.ts";
import { processesIn } from "../../../core/runtime/proc.ts";
import { createLog } from "../../../core/runtime/log.ts";
import { supervise } from "../../../core/runtime/supervisor.ts";
import { type Clock, systemClock, waitUntil } from "../../../core/runtime/time.ts";
import { fenceServer } from "./fence.ts";
import { Lease } from "./lease.ts";

const log = createLog({ level: "ERROR", write: () => {}, wallMs: () => 0 });
const electorate = ["pg1.invalid", "pg2.invalid", "pg3.invalid"];
const host = electorate[0]!;
const config = { id: 1, host, partners: electorate, electorate, quorum: true, leaseTtlMs: 1_000, leaseRenewMs: 300 };

/** Epochs without a disk. */
function memoryless(): Epochs {
  let leaderships: Leadership[] = [];
  return {
    highest: () => leaderships[0]?.epoch ?? 0,
    leaderships: () => leaderships,
    grant: (leadership) => Promise.resolve(void (leaderships = withLeaderships(leaderships, [leadership]))),
  };
}

const ownTtl: LongestLease = { ms: () => config.leaseTtlMs, set: () => Promise.resolve() };
const voterWith = (epochs: Epochs) =>
  new Voter({ name: host, incarnation: "a", ttlMs: config.leaseTtlMs, electorate }, log, epochs, ownTtl);

/** A lease that calls `look` whenever it waits. */
function leaseOf(
  voter: Voter,
  look: () => void,
  endServer = () => Promise.resolve(true),
  onRenewed: (ageMs: number) => void = () => {},
): Lease {
  const clock: Clock = {
    ...systemClock,
    sleep: (ms, signal) => {
      look();
      return systemClock.sleep(ms, signal);
    },
  };
  return new Lease({
    config,
    incarnation: "a",
    voter,
    newestTimeline: () => 3,
    client: new ControlClient(["a key of this test only"], new Peers(systemClock, defaultHttpPort), systemClock),
    fence: { arm: () => {}, disarm: () => Promise.resolve() },
    endServer,
    clock,
    log,
    random: () => 0,
    onRenewed,
    onLost: () => {},
  });
}

test("a forced primary keeps its own vote while it asks whether the others are back", async () => {
  const voter = voterWith(memoryless());
  let grantedTo: (string | null)[] = [];
  const lease = leaseOf(voter, () => grantedTo.push(voter.granted()?.host ?? null));
  lease.force();
  const held = async () => (await lease.acquire()).held;
  await waitUntil(held, { what: "the voter to speak", deadlineMs: 5_000, everyMs: 50 }, { clock: systemClock });
  grantedTo = [];
  assert.equal(await lease.unforce(), false);
  assert.deepEqual([...new Set(grantedTo)], [host], "no other claimant can have got this vote meanwhile");
  assert.equal(lease.held(), true);
  await lease.release("the test is over");
  assert.equal(voter.granted(), null);
});

test("a voter that has forgotten an epoch learns it again, although its node has seen the timeline; a new one needs more", async () => {
  const voter = voterWith(memoryless());
  const lease = leaseOf(voter, () => {});
  lease.force();
  const held = async () => (await lease.acquire()).held;
  await waitUntil(held, { what: "the voter to speak", deadlineMs: 5_000, everyMs: 50 }, { clock: systemClock });
  const from = { nodeId: 1, host, incarnation: "a" };
  const request = { from, epoch: 7, systemIdentifier: "7", partners: electorate };
  assert.equal((await voter.grantEpoch(request, 7)).granted, false, "a timeline of that number is there");
  assert.equal((await voter.grantEpoch({ ...request, again: true }, 7)).granted, true);
  assert.deepEqual(voter.leaderships.map((l) => [l.epoch, l.host]), [[7, host]]);
  await lease.release("the test is over");
});

test("the first leadership, which was granted no epoch, is told to the voters with its PARTNER_NODES", async () => {
  const voter = voterWith(memoryless());
  const lease = leaseOf(voter, () => {});
  lease.force();
  await lease.adoptEpoch(1, "7");
  assert.equal(voter.leaderships.length, 0, "it does not hold the lease");
  const held = async () => (await lease.acquire()).held;
  await waitUntil(held, { what: "the voter to speak", deadlineMs: 5_000, everyMs: 50 }, { clock: systemClock });
  await lease.adoptEpoch(1, "7");
  await lease.adoptEpoch(2, "7");
  assert.deepEqual(voter.leaderships.map((l) => [l.epoch, l.host, l.partners]), [[1, host, electorate]]);
  assert.equal(lease.epoch(), 1, "from now on each renewal tells a voter that does not know it");
  await lease.release("the test is over");
});

test("a release while PostgreSQL may be read-write ends PostgreSQL first", async () => {
  const directory = await mkdtemp(join(tmpdir(), "lease-"));
  await copyFile("/bin/sleep", join(directory, "postgres"));
  const argv = ["sh", "-c", `cd ${directory} && exec ./postgres 60`];
  const restart = { restart: "never", firstPauseMs: 0, maxPauseMs: 0, steadyMs: 0 } as const;
  const server = supervise({ name: "server", argv, restart, stop: [] }, { clock: systemClock, log });
  try {
    const voter = voterWith(memoryless());
    const lease = leaseOf(voter, () => {}, () => fenceServer(directory, systemClock));
    lease.force();
    const held = async () => processesIn("postgres", directory).length === 1 && (await lease.acquire()).held;
    await waitUntil(held, { what: "the lease", deadlineMs: 5_000, everyMs: 50 }, { clock: systemClock });
    lease.arm();
    await lease.release("the test gives it up");
    assert.deepEqual(processesIn("postgres", directory), []);
    assert.equal(voter.granted(), null);
  } finally {
    await server.stop([]);
    await rm(directory, { recursive: true });
  }
});

test("the holder reserves an epoch above every timeline in sight; another lease has to reserve its own", async () => {
  const epochs = memoryless();
  const voter = voterWith(epochs);
  const lease = leaseOf(voter, () => {});
  lease.force();
  await assert.rejects(lease.reserveEpoch(1, "7"), /no majority of the voters granted an epoch/);
  const held = async () => (await lease.acquire()).held;
  await waitUntil(held, { what: "the voter to speak", deadlineMs: 5_000, everyMs: 50 }, { clock: systemClock });
  assert.equal(lease.epoch(), null);
  assert.equal(await lease.reserveEpoch(1, "7"), 4, "the voter has seen timeline 3");
  assert.equal(lease.epoch(), 4);
  assert.equal(epochs.highest(), 4);
  assert.equal(await lease.reserveEpoch(1, "7"), 5);
  await lease.release("the test gives it up");
  assert.equal(lease.epoch(), null);
});

test("each renewal reports how old the lease was", async () => {
  const voter = voterWith(memoryless());
  const ages: number[] = [];
  const lease = leaseOf(voter, () => {}, undefined, (ageMs) => ages.push(ageMs));
  lease.force();
  const held = async () => (await lease.acquire()).held;
  await waitUntil(held, { what: "the voter to speak", deadlineMs: 5_000, everyMs: 50 }, { clock: systemClock });
  const renewed = () => Promise.resolve(ages.length >= 2);
  await waitUntil(renewed, { what: "two renewals", deadlineMs: 5_000, everyMs: 20 }, { clock: systemClock });
  await lease.release("the test is over");
  for (const age of ages) assert.ok(age >= config.leaseRenewMs - 10 && age < config.leaseTtlMs, `${age}`);
});
