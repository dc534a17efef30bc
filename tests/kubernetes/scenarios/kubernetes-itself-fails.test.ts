// Promise: what Kubernetes does for a running cluster may fail, one part after another, and no write is lost or even delayed by it:
// the cluster's DNS refuses or swallows questions, the API server is gone for ten minutes, a container runs out of memory.
import assert from "node:assert/strict";
import process from "node:process";
import { after, test } from "node:test";
import { systemClock, waitUntil } from "../../../core/runtime/time.ts";
import { swallowDns } from "../../../tools/kubernetes/machine.ts";
import { endApiServer, places, startApiServer } from "../../../tools/kubernetes.ts";
import { execute } from "../../../tools/terminal.ts";
import { type Ledger, queryOnce } from "../../support/ledger.ts";
import { assertLedger } from "../../support/ledger-report.ts";
import { Release, type Step, tryKubectl, watchedStep } from "../../support/kubernetes-release.ts";
import { staysTrueFor, wholeMs } from "../../support/waits.ts";

const deps = { clock: systemClock };
const release = await Release.prepare("kubernetes-fails", { consistency: "strict" });
let ledger: Ledger;
const step = (...args: Step) => watchedStep(release, ledger, ...args);
const dns = (replicas: number) =>
  tryKubectl(["-n", "kube-system", "scale", "deployment", "coredns", `--replicas=${replicas}`]);
const dnsReady = async () => {
  const argv = ["-n", "kube-system", "rollout", "status", "deployment", "coredns", "--timeout=60s"];
  assert.equal((await tryKubectl(argv, { timeoutMs: 70_000 })).code, 0);
};
const swallow = async (on: boolean) => {
  for (const place of places) await swallowDns(place, on);
};
/** writes that are counted before a fault is taken for harmless; one takes 50 ms and more */
const many = 600;

after(async () => {
  await ledger?.stop();
  await release.remove();
});

test("cluster DNS is gone, and comes back", async () => {
  await release.install();
  await release.whole(3, 3 * wholeMs);
  ledger = await release.writer();
  const now = await step("no cluster DNS", async (primary) => {
    assert.equal((await dns(0)).code, 0);
    try {
      await ledger.writes(many, 3 * wholeMs);
      assert.match(await release.postdock(primary.name, ["cluster", "show"]), /lease: held by/);
    } finally {
      await dns(2);
    }
    await dnsReady();
  });
  assert.ok(now);
});

test("cluster DNS swallows questions, and a pod is deleted meanwhile", async () => {
  await step("DNS that swallows questions", async (primary) => {
    await swallow(true);
    try {
      await ledger.writes(many, 3 * wholeMs);
      assert.match(await release.postdock(primary.name, ["cluster", "show"]), /lease: held by/);
    } finally {
      await swallow(false);
    }
  });
});

test("a cluster starts while DNS swallows questions, and is ready soon after it answers", async () => {
  await step("all pods started anew while DNS swallows questions", async () => {
    await swallow(true);
    try {
      const pods = await release.pods();
      await release.kubectl(["delete", "pod", ...pods.map((p) => p.name)], 2 * wholeMs);
      for (const pod of pods) await release.replaced(pod);
      const answers = async () =>
        (await Promise.all((await release.pods()).map((p) => release.status(p)))).every(Boolean);
      await waitUntil(answers, { what: "all agents to answer", deadlineMs: 2 * wholeMs }, deps);
      await systemClock.sleep(15_000);
    } finally {
      await swallow(false);
    }
    const from = systemClock.nowMs();
    await release.whole(3, 3 * wholeMs);
    console.log(`  whole ${((systemClock.nowMs() - from) / 1000).toFixed(1)} s after DNS answers`);
  });
});

test("a backend of the primary takes all the memory of its container", async () => {
  await step("out of memory", async (primary) => {
    const greedy = "select length(string_agg(repeat('x', 1000000), '')) from generate_series(1, 1000)";
    await assert.rejects(queryOnce(
      { ...await release.target(primary.address!) },
      (sql) => sql.unsafe(greedy),
      wholeMs,
    ));
  });
});

test("the API server is gone for ten minutes, and the primary dies meanwhile", async () => {
  const goneMs = Number(process.env.POSTDOCK_TEST_API_GONE_SECONDS || 600) * 1000;
  await step(`no API server for ${goneMs / 1000} s`, async (primary) => {
    const pods = await release.pods();
    await endApiServer();
    try {
      const from = systemClock.nowMs();
      const id = /pod([0-9a-f-]{36})/.exec(`pod${primary.uid}`)![1]!;
      const pids = await execute(["pgrep", "-f", "^postdock postgres-node entrypoint$"], { timeoutMs: 10_000 });
      for (const pid of pids.trim().split("\n")) {
        const group = await execute(["cat", `/proc/${pid}/cgroup`], { timeoutMs: 5_000 }).catch(() => "");
        if (group.includes(id)) await execute(["kill", "-KILL", pid], { timeoutMs: 5_000 });
      }
      const others = pods.filter((p) => p.name !== primary.name);
      const isLed = async () => {
        const seen = await Promise.all(others.map((p) => release.status(p)));
        return seen.some((s) => s?.component === "postgres-node" && s.postgres.role === "primary");
      };
      await waitUntil(isLed, { what: "another node to lead", deadlineMs: wholeMs }, deps);
      await ledger.writes(20);
      let count = ledger.count;
      const written = () => {
        const more = ledger.count > count;
        count = ledger.count;
        return Promise.resolve(more);
      };
      const leftMs = Math.max(0, goneMs - (systemClock.nowMs() - from));
      await staysTrueFor(leftMs, written, { what: "writes go on", everyMs: 10_000 });
    } finally {
      await startApiServer();
    }
  });
  const primary = await release.whole();
  assertLedger("all steps", await ledger.finish(await release.target(primary.address!)), {
    atLeast: 2 * many,
    gapMs: 3 * wholeMs,
  });
});
