// Promise: what Kubernetes does for a running cluster may fail, one part after another, and no write is lost or even delayed by it:
// the cluster's DNS refuses or swallows questions, the API server is gone for ten minutes, a container runs out of memory.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import process from "node:process";
import { after, test } from "node:test";
import { systemClock, waitUntil } from "../../../core/runtime/time.ts";
import { swallowDns } from "../../../tools/kubernetes/machine.ts";
import { ensureBinaries } from "../../../tools/kubernetes/binaries.ts";
import { endApiServer, startApiServer } from "../../../tools/kubernetes/control-plane.ts";
import { places } from "../../../tools/kubernetes.ts";
import { execute } from "../../../tools/terminal.ts";
import { queryOnce } from "../../support/ledger.ts";
import { kubectl, type Pod, secondsSince } from "../../support/kubectl.ts";
import { whileCut } from "../../support/kubernetes-machines.ts";
import { Release } from "../../support/kubernetes-release.ts";
import { staysTrueFor, wholeMs } from "../../support/waits.ts";

const deps = { clock: systemClock };
const release = await Release.prepare("kubernetes-fails", { consistency: "strict" });
const dns = (...argv: string[]) => kubectl(["-n", "kube-system", ...argv, "deployment/coredns"], { timeoutMs: 70_000 });
const swallow = async (on: boolean) => {
  for (const place of places) await swallowDns(place, on);
};
/** writes that are counted before a fault is taken for harmless; one takes 50 ms and more */
const many = 600;

after(() => release.end());

/** Kills the agent of a pod from outside, without the API server: its cgroup has the uid of the pod in its path. */
async function killAgent({ name, uid }: Pod): Promise<void> {
  const all = await execute(["pgrep", "-f", "^postdock postgres-node entrypoint$"], { timeoutMs: 10_000 });
  const pids = all.trim().split("\n").map(Number);
  const groups = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cgroup`, "utf8")));
  const own = pids.filter((_, i) => groups[i]!.includes(uid));
  assert.equal(own.length, 1, `one agent of ${name}`);
  process.kill(own[0]!, "SIGKILL");
}

test("cluster DNS is gone, and comes back", async () => {
  await release.begin();
  await release.writers.start("pgpool");
  await release.step("no cluster DNS", async (primary) => {
    await dns("scale", "--replicas=0");
    try {
      await release.writers.pgpool.writes(many, 3 * wholeMs);
      assert.match(await release.postdock(primary.name, ["cluster", "show"]), /lease: held by/);
    } finally {
      await dns("scale", "--replicas=2");
    }
    await dns("rollout", "status", "--timeout=60s");
  });
});

test("cluster DNS swallows questions", async () => {
  await release.step("DNS that swallows questions", async (primary) => {
    await swallow(true);
    try {
      await release.writers.pgpool.writes(many, 3 * wholeMs);
      assert.match(await release.postdock(primary.name, ["cluster", "show"]), /lease: held by/);
    } finally {
      await swallow(false);
    }
  });
});

test("a cluster starts while DNS swallows questions, and is ready soon after it answers", async () => {
  await release.step("all pods started anew while DNS swallows questions", async () => {
    await swallow(true);
    try {
      const pods = await release.pods();
      await release.kubectl(["delete", "pod", ...pods.map((p) => p.name)], 2 * wholeMs);
      for (const pod of pods) await release.replaced(pod);
      const answers = async () =>
        (await Promise.all((await release.pods()).map((p) => release.status(p)))).every(Boolean);
      await waitUntil(answers, { what: "all agents to answer", deadlineMs: 2 * wholeMs }, deps);
      await staysTrueFor(15_000, answers, { what: "all agents answer", everyMs: 1_000 });
    } finally {
      await swallow(false);
    }
    const from = systemClock.nowMs();
    await release.whole(3, 3 * wholeMs);
    console.log(`  whole ${secondsSince(from)} s after DNS answers`);
  });
});

test("a backend of the primary takes all the memory of its container", async () => {
  await release.step("out of memory", async (primary) => {
    const greedy = "select length(string_agg(repeat('x', 1000000), '')) from generate_series(1, 1000)";
    await assert.rejects(queryOnce(
      await release.target(primary.address!),
      (sql) => sql.unsafe(greedy),
      wholeMs,
    ));
  });
});

test("the API server is gone for ten minutes, the primary dies meanwhile, and its machine is cut off", async () => {
  const goneMs = Number(process.env.POSTDOCK_TEST_API_GONE_SECONDS || 600) * 1000;
  await release.step(`no API server for ${goneMs / 1000} s`, async (primary) => {
    const pods = await release.pods();
    const writer = release.writers.pgpool;
    await endApiServer();
    const from = systemClock.nowMs();
    try {
      await killAgent(primary);
      await writer.writes(many, 3 * wholeMs);
      console.log(`  agent of the primary killed: ${writer.longestGapSince(from) / 1000} s without a write`);
      const leader = await release.primaryAmong(pods);
      const cutMs = systemClock.nowMs();
      await whileCut(leader.machine, () => writer.writes(60, wholeMs));
      console.log(
        `  machine of the primary cut off: ${writer.longestGapSince(cutMs) / 1000} s without a write`,
      );
      while (systemClock.nowMs() - from < goneMs) await writer.writes(20);
    } finally {
      await startApiServer(await ensureBinaries());
    }
  });
  await release.finish({ atLeast: 2 * many, gapMs: 3 * wholeMs });
});
