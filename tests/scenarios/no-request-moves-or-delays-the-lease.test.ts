// Promise: a request that is not signed with the cluster's key, was sent before, or is too old, too long or malformed changes
// nothing. A signed request for the lease that lies about its sender gets no vote. No flood of requests delays the fence.
import assert from "node:assert/strict";
import { test } from "node:test";
import { ControlClient, newNonce } from "../../core/client/control-client.ts";
import type { LeaseRequest } from "../../core/lease/decide/vote.ts";
import { defaultHttpPort } from "../../config/http-port.ts";
import { Peers } from "../../core/client/peers.ts";
import { orders } from "../../core/protocol/orders.ts";
import { clusterKeys, sign } from "../../core/protocol/signing.ts";
import { every, systemClock, waitUntil } from "../../core/runtime/time.ts";
import { waitReceiving } from "../support/barman.ts";
import { type Cluster, firstLevel as voters } from "../support/cluster.ts";
import { exampleCluster } from "../support/clusters.ts";
import { answerQuestions, swallowQuestions } from "../support/silent-dns.ts";
import { leaseTtlMs, staysTrueFor } from "../support/waits.ts";
import { flood, waysToFlood } from "../support/faults/flood.ts";
import { assertLedger } from "../support/ledger-report.ts";
import { Ledger, monkey } from "../support/ledger.ts";
import { docker, exec, logsOf, logsSince, tryExec } from "../support/docker.ts";

const deps = { clock: systemClock };
const keys = clusterKeys([], "replication_pass");

interface Sent {
  body: string;
  key?: string;
  audience: string;
  timeMs?: number;
  nonce?: string;
  signature?: string;
}

async function post(
  address: string,
  path: string,
  sent: Sent,
): Promise<{ status: number; text: string; audience: string }> {
  const { body, audience, key = keys[0]!, timeMs = Date.now(), nonce = newNonce() } = sent;
  const signature = sent.signature ?? sign(key, { method: "POST", path, audience, timeMs, nonce, body });
  const response = await fetch(`http://${address}:8080${path}`, {
    method: "POST",
    body,
    headers: {
      "x-postdock-audience": audience,
      "x-postdock-time": String(timeMs),
      "x-postdock-nonce": nonce,
      "x-postdock-signature": signature,
    },
  });
  return {
    status: response.status,
    text: await response.text(),
    audience: response.headers.get("x-postdock-audience") ?? "",
  };
}

async function standbyOf(cluster: Cluster): Promise<{ primary: string; standby: string; address: string }> {
  const primary = await cluster.waitWhole();
  const standby = voters.find((n) => n !== primary)!;
  return { primary, standby, address: (await cluster.address(standby))! };
}

test("requests that are not genuine are refused and change nothing", async () => {
  const cluster = await exampleCluster();
  const { address, standby } = await standbyOf(cluster);
  const before = (await cluster.answer(standby)).paused;
  const { path } = orders.pause;
  const body = JSON.stringify({ ...before, on: true, count: before.count + 1 });
  const { audience } = await post(address, path, { body, audience: "" });
  const refused = async (
    sent: Omit<Sent, "body" | "audience"> & { body?: string; audience?: string },
    status: number,
    said: RegExp,
  ) => {
    const answer = await post(address, path, { body, audience, ...sent });
    assert.equal(answer.status, status, answer.text);
    assert.match(answer.text, said);
  };
  await refused({ signature: "" }, 401, /signature is wrong/);
  await refused({ key: "another-key-of-sixteen" }, 401, /signature is wrong: the sender has another CLUSTER_KEY/);
  await refused({ timeMs: Date.now() - 16 * 60_000 }, 401, /stale/);
  await refused({ audience: "an-agent-that-is-gone" }, 401, /for an earlier run of this agent/);
  await refused({ body: "x".repeat(65 * 1024) }, 413, /over 64 kB/);
  await refused({ body: "{" }, 400, /malformed/);
  await refused({ body: JSON.stringify({ on: "perhaps" }) }, 400, /malformed/);
  const unsigned = await fetch(`http://${address}:8080${path}`, { method: "POST", body });
  assert.equal(unsigned.status, 401, await unsigned.text());
  assert.deepEqual((await cluster.answer(standby)).paused, before, "nothing was changed");
  const pool = (await cluster.address("pgpool"))!;
  for (const local of [`${address}:8080/local/is-major-master`, `${pool}:8080/local/has-write-node`]) {
    const asked = await fetch(`http://${local}`);
    assert.equal(asked.status, 404, `${local}: ${await asked.text()}`);
  }

  const genuine = {
    body: JSON.stringify({ ...before, count: Math.max(1, before.count) }),
    audience,
    timeMs: Date.now() - 5 * 60_000,
    nonce: newNonce(),
  };
  assert.equal((await post(address, path, genuine)).status, 200, "a clock may be five minutes behind");
  const again = await post(address, path, genuine);
  assert.equal(again.status, 401);
  assert.match(again.text, /was received before/);
});

test("a request for the lease that lies about its sender gets no vote", async () => {
  const cluster = await exampleCluster();
  const { address, primary, standby } = await standbyOf(cluster);
  const { lease: { term }, node: { id: nodeId } } = await cluster.answer(primary);
  const client = new ControlClient(keys, new Peers(systemClock, defaultHttpPort), systemClock);
  const claim = (changed: Partial<LeaseRequest>) => {
    const request: LeaseRequest = {
      kind: "acquire",
      from: { nodeId: 77, host: "stranger", incarnation: "x" },
      term: { number: term + 1, nodeId: 77 },
      ttlMs: 5_000,
      electorate: voters,
      round: 1,
      ...changed,
    };
    return client.ask(orders.vote, address, request, 3_000);
  };
  const thief = {
    from: { nodeId, host: primary, incarnation: "not this run" },
    term: { number: term, nodeId },
  };
  const lies: readonly (readonly [string, Partial<LeaseRequest>, string])[] = [
    ["a stranger's claim", {}, `granted to ${primary}`],
    [
      "other voters",
      { electorate: ["stranger", standby, "another"] },
      "the electorates differ by more than one member",
    ],
    ["voters without this one", { electorate: ["stranger"] }, `${standby} is not in the claimant's electorate`],
    ["a release by another run of the primary's agent", { kind: "release", ...thief }, "this voter has no such grant"],
    ["a renewal by another run of the primary's agent", { kind: "renew", ...thief }, `granted to ${primary}`],
    ["a lease longer than the voters'", { ttlMs: 60_000 }, `granted to ${primary}`],
  ];
  for (const [what, lie, because] of lies) {
    const reply = await claim(lie);
    assert.equal(reply.granted, false, `${what}: ${JSON.stringify(reply)}`);
    assert.ok(reply.because.startsWith(because), `${what}: ${reply.because}`);
  }
  const after = await cluster.answer(standby);
  assert.equal(after.lease.grantedTo, primary, "its vote is the primary's still");
  assert.equal(await cluster.waitWhole(), primary);
  const { lease } = await cluster.answer(primary);
  assert.deepEqual([lease.held, lease.term], [true, term], "the same lease goes on");
});

test("a primary that is cut off is fenced before another node leads, whatever floods its agent", async () => {
  const cluster = await exampleCluster();
  const old = await cluster.waitWhole();
  const container = await cluster.container(old);
  const flood = `for i in 1 2 3 4 5 6; do ( end=$((SECONDS + 9)); while [ $SECONDS -lt $end ]; do
    exec 3<>/dev/tcp/127.0.0.1/8080 || continue
    printf 'POST /control/lease HTTP/1.1\\r\\nHost: x\\r\\nConnection: close\\r\\nContent-Length: 60000\\r\\n\\r\\n' >&3
    head -c 60000 /dev/zero >&3; head -c 12 <&3 >> /tmp/flood.$i; echo >> /tmp/flood.$i; exec 3>&-
  done ) & done; wait`;
  const flooding = tryExec(container, ["bash", "-c", `rm -f /tmp/flood.*; ${flood}`], 60_000);
  const answered = async () =>
    Number((await exec(container, ["bash", "-c", "cat /tmp/flood.* 2>/dev/null | grep -c 401 || true"])).trim());
  await waitUntil(async () => await answered() > 50, { what: "the flood", deadlineMs: 10_000 }, deps);
  const logs = new Map<string, string>();
  for (const node of voters) logs.set(node, await logsOf(await cluster.container(node)));
  const before = await answered();
  await cluster.disconnect(old);
  const next = await cluster.waitSuccessor(old);
  await flooding;
  assert.ok(await answered() > before + 50, "the flood went on after the cut");
  await cluster.connect(old);
  const timeOf = async (node: string, said: RegExp) =>
    await timeSaid(await cluster.container(node), logs.get(node)!, said);
  const fenced = await timeOf(old, /"event":"(Fenced|The fence process has ended PostgreSQL)"/);
  const promoted = await timeOf(next, /"event":"Promotion requested".*"allowed":true/);
  assert.ok(fenced < promoted, `fenced at ${fenced}, the next was allowed to lead at ${promoted}`);
  await cluster.waitWhole();
  await exec(container, ["bash", "-c", "rm -f /tmp/flood.*"]);
});

test("what a login without any right has logged delays no lease and moves no standby", async () => {
  const cluster = await exampleCluster();
  const { primary, standby } = await standbyOf(cluster);
  const { lease: { term } } = await cluster.answer(primary);
  await cluster.psql(primary, "create role plain login");
  const as = (container: string, script: string) =>
    tryExec(
      container,
      ["bash", "-c", `(echo 'set session authorization plain;'; ${script}) | psql -U postgres -XAtq`],
      120_000,
    );
  const started = await cluster.psql(standby, "select pg_postmaster_start_time()");
  // a failed statement is logged with all of its lines
  const lines = await as(await cluster.container(primary), "echo 'select 1/0 +'; yes '' | head -n 2000000; echo '1;'");
  assert.match(lines.stderr, /division by zero/);
  const words = [
    "WARNING:  hot standby is not possible because of insufficient parameter settings",
    "FATAL:  could not receive data from WAL stream: ERROR:  requested WAL segment 0 has already been removed",
    "LOG:  new timeline 99 forked off current database system timeline 1 before current recovery point 0/1",
  ];
  const said = words.flatMap((word) => {
    const raised = word.replace(/^\w+: {2}/, "");
    return [
      `select 1/0 /* ${word} */;`,
      `do $$ begin raise log E'${word}\\n${word}\\r${word}'; raise warning '${raised}'; raise log '${raised}'; end $$;`,
    ];
  });
  const container = await cluster.container(standby);
  const before = await logsOf(container);
  await as(
    container,
    `for i in $(seq 40); do cat <<'END'\n${said.join("\n")}\nselect pg_sleep(0.25);\nEND\ndone`,
  );
  const log = await logsSince(container, before);
  assert.ok(log.split("hot standby is not possible").length > 40, "the words were in the log");
  assert.equal(await cluster.psql(standby, "select pg_postmaster_start_time()"), started);
  assert.equal(await cluster.waitWhole(), primary);
  const { lease } = await cluster.answer(primary);
  assert.deepEqual([lease.held, lease.term], [true, term], "the same lease goes on");
  await cluster.psql(primary, "drop role plain");
});

test("agents that are flooded in every way answer signed questions in time, and the lease and the writes go on", async () => {
  const cluster = await exampleCluster();
  const { primary, standby } = await standbyOf(cluster);
  const flooded = [primary, standby];
  const addresses = await Promise.all(flooded.map(async (node) => (await cluster.address(node))!));
  const { lease: { term } } = await cluster.answer(primary);
  const ledger = await Ledger.start({ ...monkey, host: addresses[0]! });
  const over = new AbortController();
  const failures: unknown[] = [];
  const often = (ms: number, look: () => Promise<void>) =>
    every(ms, look, { clock: systemClock, signal: over.signal, onError: (error) => failures.push(error) });
  const client = new ControlClient(keys, new Peers(systemClock, defaultHttpPort), systemClock);
  const tookMs: number[] = [];
  const [files, kilobytes]: [number[], number[]] = [[], []];
  const looks = addresses.map((address) =>
    often(50, async () => {
      const startedMs = systemClock.nowMs();
      await client.ask(orders.status, address, {}, 10_000);
      tookMs.push(Math.round(systemClock.nowMs() - startedMs));
    })
  );
  const costs = flooded.map(async (node) => {
    const container = await cluster.container(node);
    await often(500, async () => {
      const [open, resident] = (await exec(container, ["bash", "-c", costOfAgent])).trim().split("\n").map(Number);
      files.push(open!);
      kilobytes.push(resident!);
    });
  });
  const sent = await flood(await cluster.network(), addresses, 64).finally(() => over.abort());
  await Promise.all([...looks, ...costs]);
  const report = await ledger.finish({ ...monkey, host: addresses[0]! });
  const slowest = tookMs.toSorted((a, b) => b - a);
  const figures =
    `signed answers: ${tookMs.length}, p50 ${slowest[slowest.length >> 1]} ms, slowest ${slowest.slice(0, 3)} ms; ` +
    `files ${Math.max(...files)}; memory ${Math.min(...kilobytes) >> 10} to ${Math.max(...kilobytes) >> 10} MB`;
  console.log(figures);
  for (const { target, way, opened } of sent) assert.ok(opened >= 32, `${way} reached ${target} ${opened} times only`);
  assert.equal(sent.length, waysToFlood * flooded.length);
  assert.deepEqual(failures, []);
  assert.ok(slowest[0]! < leaseTtlMs, figures);
  assert.ok(Math.max(...files) < 250, figures);
  assert.ok(Math.max(...kilobytes) < 500 * 1024, figures);
  assertLedger("while agents are flooded", report, { atLeast: 50, gapMs: leaseTtlMs });
  assert.equal(await cluster.waitWhole(), primary);
  const { lease } = await cluster.answer(primary);
  assert.deepEqual([lease.held, lease.term], [true, term], "the same lease goes on");
});

test("a DNS server that swallows all questions delays no look, no renewal and no failover, and a node still shows itself", async () => {
  const cluster = await exampleCluster();
  const primary = await cluster.waitWhole();
  const { lease: { term } } = await cluster.answer(primary);
  const containers = await Promise.all([...voters, "backup", "pgpool"].map((v) => cluster.container(v)));
  const addresses = await Promise.all(voters.map(async (v) => (await cluster.address(v))!));
  let trouble = "";
  const look = async (address: string) => {
    const startedMs = systemClock.nowMs();
    const ready = await fetch(`http://${address}:8080/readyz`, { signal: AbortSignal.timeout(10_000) })
      .then(async (answer) => answer.ok ? "" : await answer.text(), String);
    const tookMs = Math.round(systemClock.nowMs() - startedMs);
    if (ready !== "" || tookMs > 2_000) trouble = `${address} after ${tookMs} ms: ${ready || "ready"}`;
  };
  const allReady = async () => {
    await Promise.all(addresses.map(look));
    return trouble === "";
  };
  const standby = containers[voters.findIndex((v) => v !== primary)]!;
  const before = await logsOf(standby);
  let [shown, doctor, starts] = ["", "", 0];
  try {
    for (const container of containers) await docker(["exec", "-d", container, "bash", "-c", swallowQuestions]);
    await exec(standby, ["pkill", "-x", "repmgrd"]);
    await staysTrueFor(12_000, allReady, { what: "all nodes are ready, and say so at once", why: () => trouble });
    shown = (await tryExec(containers[0]!, ["postdock", "cluster", "show"], 10_000)).stdout;
    doctor = (await tryExec(containers[0]!, ["postdock", "cluster", "doctor"], 10_000)).stdout;
    starts = (await logsSince(standby, before)).match(/"event":"Process started".*"process":"repmgrd"/g)?.length ?? 0;
    assert.equal((await cluster.answer(primary)).lease.term, term, "the same lease goes on");
    // the last standby and barman go over to another primary, which they find at the address that their agents know
    await cluster.kill(primary);
    const next = await cluster.waitSuccessor(primary, voters);
    const last = voters.find((v) => v !== primary && v !== next)!;
    const follows = async () => {
      const upstream = (await cluster.nodeStatus(last))?.postgres.upstream;
      return upstream?.host === next && upstream.streaming;
    };
    await waitUntil(follows, { what: `${last} to stream from ${next}`, deadlineMs: 30_000 }, deps);
    await waitReceiving(cluster, next);
    assert.match(await cluster.psql(last, "show primary_conninfo"), new RegExp(`host=${next} hostaddr=[\\d.]+ `));
  } finally {
    await cluster.start(primary);
    for (const container of containers) await tryExec(container, ["bash", "-c", answerQuestions]);
  }
  assert.match(shown, new RegExp(`${voters[0]} .*serving as`), "it is beside the command, and needs no name");
  for (const voter of voters) assert.match(shown, new RegExp(`${voter} .*serving as`), "its agent knows the addresses");
  assert.match(
    doctor,
    /repmgrd is held back: the name \S+ could not be resolved .*: DNS does not answer\n.*\n\s*fix: mend the DNS/,
  );
  assert.ok(starts <= 1, `repmgrd was started ${starts} times`);
  const lead = await cluster.waitWhole();
  const byName = async () => {
    const all = voters.filter((v) => v !== lead).map((v) => cluster.psql(v, "show primary_conninfo"));
    return !(await Promise.all(all)).join().includes("hostaddr");
  };
  await waitUntil(byName, { what: "names to be used again", deadlineMs: 60_000 }, deps);
  assert.equal(await cluster.waitWhole(), lead);
});

/** The open files of a container's agent, and its memory in kB. */
const costOfAgent = `p=$(pgrep -P 1 -x postdock); ls /proc/$p/fd | wc -l; awk '/VmRSS/ { print $2 }' /proc/$p/status`;

/** When a container last logged this since then, as an ISO time, so that two can be compared. */
async function timeSaid(container: string, before: string, said: RegExp): Promise<string> {
  const line = (await logsSince(container, before)).split("\n").filter((l) => said.test(l)).at(-1);
  assert.ok(line, `${said} is not in the log`);
  return (JSON.parse(line) as { time: string }).time;
}
