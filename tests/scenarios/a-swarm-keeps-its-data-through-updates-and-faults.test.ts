// Promise: compose/swarm.yml on a swarm: passwords change without a restart, services are updated in the documented order, an update
// that fails is taken back, tasks are killed, the machine is drained, a volume is missing, and the stack is removed and deployed
// again, all under a writer: no acknowledged write is lost. The kernel may lack IP_VS, so the writer goes to the tasks of pgpool.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import process from "node:process";
import { after, test } from "node:test";
import { systemClock, waitUntil } from "../../core/runtime/time.ts";
import { attempt, execute } from "../../tools/terminal.ts";
import { prefix } from "../support/cluster.ts";
import { keep, keepLogs, startMs } from "../support/clusters.ts";
import { docker, tryExec } from "../support/docker.ts";
import { Ledger } from "../support/ledger.ts";
import { assertLedger } from "../support/ledger-report.ts";
import { nodes, Stack } from "../support/stack.ts";
import { asNode, statusAt } from "../support/status-of.ts";
import { enterSwarm, leaveSwarm, setAvailability } from "../support/swarm.ts";
import { wholeMs } from "../support/waits.ts";

const deps = { clock: systemClock };
const images = ["postgres", "pgpool", "barman"];
/** As compose/swarm.yml has it. */
const given = process.env.POSTDOCK_TAG || "latest";
const tag = `${prefix}-swarm`;
const labels = [...nodes, "backup"].map((name) => `postdock.${name}=true`);
const stack = await Stack.prepare(randomUUID());

let ledger: Ledger;
after(async () => {
  await ledger?.stop();
  if (keep) return;
  await keepLogs(`com.docker.stack.namespace=${stack.name}`);
  await leaveSwarm(prefix);
  await removeVolumes();
  for (const image of images) await attempt(["docker", "rmi", `postdock/${image}:${tag}`], { timeoutMs: 30_000 });
});

async function removeVolumes(): Promise<void> {
  const volumes = [...nodes, "backup"].map((name) => `${stack.name}_${name}`);
  await docker(["volume", "rm", "--force", ...volumes]);
}

/** Does one step, and says how long it took and how long nothing could be written. Returns the primary afterwards. */
async function step(what: string, work: () => Promise<unknown>): Promise<string> {
  const from = systemClock.nowMs();
  await work();
  const primary = await stack.whole();
  const seconds = (systemClock.nowMs() - from) / 1000;
  await ledger.writes(10);
  const gap = ledger.longestGapSince(from) / 1000;
  console.log(`${what}: ${primary} leads after ${seconds.toFixed(1)} s; without a write ${gap.toFixed(1)} s`);
  return primary;
}

const standbysOf = (primary: string) => nodes.filter((node) => node !== primary);
const containersOf = async () => (await stack.tasks()).map((task) => task.container).sort();
const inspect = async (kind: string, id: string, format: string) =>
  (await docker([kind, "inspect", "--format", format, id])).trim();

/** A stack of secrets, configs and labels is whole by itself. */
async function deploy(): Promise<void> {
  await enterSwarm(prefix, labels);
  await removeVolumes(); // left by an interrupted run
  await stack.secret("cluster_key", 1, randomUUID());
  await stack.secret("replication_password", 1, randomUUID());
  await stack.secret("postgres_password", 1, stack.password);
  await stack.secret("pool_users", 1, `app:${stack.password}`);
  const from = systemClock.nowMs();
  await stack.deploy();
  const primary = await stack.whole(startMs);
  console.log(`deployed: ${primary} leads after ${((systemClock.nowMs() - from) / 1000).toFixed(1)} s`);
  ledger = await Ledger.start(stack.target((await stack.entry())!), () => stack.entry());
  await ledger.writes(20);
}

/** A password changes in place, without another task; then tasks get another image and the new secret. */
async function rotateAndUpdate(): Promise<void> {
  const before = await containersOf();
  const password = randomUUID();
  const begin = await step("the replication password rotated in place", async () => {
    for (const { container } of await stack.tasks()) {
      const write = ["docker", "exec", "-i", container, "sh", "-c", "cat > /run/own/replication_password"];
      await execute(write, { timeoutMs: 30_000, input: password });
    }
    const [pool, other] = await stack.tasks("pgpool");
    const task = (await inspect("container", other!.container, "{{.Name}}")).slice(1);
    let said = "";
    const isRotated = async () => {
      const rotate = ["postdock", "cluster", "rotate", "replication", "backup", task];
      const { code, stdout, stderr } = await tryExec(pool!.container, rotate, 120_000);
      said = stdout + stderr;
      return code === 0;
    };
    // it is typed again after an interruption, such as another primary
    const wait = { what: "the rotation", deadlineMs: 2 * wholeMs, everyMs: 1_000, why: () => said };
    await waitUntil(isRotated, wait, deps);
  });
  assert.deepEqual(await containersOf(), before, "no task was replaced");

  const former = `${prefix}-postdock_replication_password_1`;
  const next = await stack.secret("replication_password", 2, password);
  for (const image of images) await docker(["tag", `postdock/${image}:${given}`, `postdock/${image}:${tag}`]);
  const update = (service: string, image: string) => () => {
    const secret = ["--secret-rm", former, "--secret-add", `source=${next},target=replication_password`];
    return stack.replace(service, "--image", `postdock/${image}:${tag}`, ...secret);
  };
  let primary = begin;
  for (const left = new Set<string>(nodes); left.size > 0;) {
    // the primary as the last one, also if another node leads meanwhile
    const node = [...left].find((name) => name !== primary) ?? primary;
    left.delete(node);
    primary = await step(`${node}${node === primary ? ", the primary," : ""} updated`, update(node, "postgres"));
  }
  const rest = [update("pgpool", "pgpool"), update("backup", "barman")];
  await step("pgpool and barman updated", () => Promise.all(rest.map((work) => work())));

  const updated = await stack.templates();
  await stack.deploy({ POSTDOCK_TAG: tag, REPLICATION_PASSWORD_VERSION: "2" });
  assert.deepEqual(await stack.templates(), updated, "a deploy of what runs already replaces no task");
}

/** An update that fails is taken back. */
async function failUpdate(): Promise<void> {
  const [standby] = standbysOf(await stack.whole());
  const service = `${stack.name}_${standby}`;
  await step(`an update of ${standby} with a variable that is refused`, async () => {
    await stack.update(standby!, "--env-add", "NODE_ID=none");
    let state = "";
    const isBack = async () => {
      state = await inspect("service", service, "{{.UpdateStatus.State}}");
      return state === "rollback_completed";
    };
    await waitUntil(isBack, { what: "the rollback", deadlineMs: 2 * wholeMs, why: () => state }, deps);
  });
  assert.match(await inspect("service", service, "{{.Spec.TaskTemplate.ContainerSpec.Env}}"), /NODE_ID=[123]\b/);
}

/** A task killed twice comes back, and another node leads meanwhile. */
async function killTwice(): Promise<void> {
  const primary = await stack.whole();
  const end = await step(`${primary}, the primary, killed, and its next task, too`, async () => {
    for (let times = 0; times < 2; times++) {
      const killed = await stack.task(primary);
      await docker(["kill", killed.container]);
      await stack.replaced(primary, [killed]);
    }
  });
  assert.notEqual(end, primary);
}

/** A node that waits for the others is healthy, and is not replaced. */
async function waitForMajority(): Promise<void> {
  const primary = await stack.whole();
  const left = await stack.task(primary);
  await step("no majority for a while", async () => {
    for (const standby of standbysOf(primary)) await stack.update(standby, "--replicas", "0");
    const waits = async () => asNode(await statusAt(left.address, primary))?.postgres.role !== "primary";
    await waitUntil(waits, { what: `${primary} to lead no longer`, deadlineMs: wholeMs }, deps);
    const from = systemClock.wallMs();
    const probes = async () => {
      const health = JSON.parse(await inspect("container", left.container, "{{json .State.Health}}"));
      assert.deepEqual([health.Status, health.FailingStreak], ["healthy", 0]);
      return health.Log.filter((l: { Start: string }) => Date.parse(l.Start) > from).length >= 2;
    };
    await waitUntil(probes, { what: "two probes of the node that waits", deadlineMs: wholeMs }, deps);
    for (const standby of standbysOf(primary)) await stack.update(standby, "--replicas", "1");
  });
  assert.equal((await stack.task(primary)).container, left.container, "the same task");
}

/** A machine that is drained has no task; once it is active, all of them are back with their data. */
async function drain(): Promise<void> {
  await step("the only machine drained, and active again", async () => {
    await setAvailability("drain");
    await stack.counted({});
    await setAvailability("active");
  });
}

/** A node on a machine without its volume clones. */
async function loseVolume(): Promise<void> {
  const [standby] = standbysOf(await stack.whole());
  const primary = await step(`${standby} without its volume`, async () => {
    const before = await stack.tasks(standby);
    await stack.update(standby!, "--replicas", "0");
    await removeVolume(standby!);
    await stack.update(standby!, "--replicas", "1");
    await stack.replaced(standby!, before);
  });
  assert.notEqual(primary, standby);
}

/** Removes a node's volume as soon as its last task has ended. */
async function removeVolume(service: string): Promise<void> {
  let said = "";
  const volume = `${stack.name}_${service}`;
  const isGone = async () => {
    await stack.forgetEnded(service);
    const { code, stderr } = await attempt(["docker", "volume", "rm", volume], { timeoutMs: 30_000 });
    said = stderr.trim();
    return code === 0;
  };
  await waitUntil(isGone, { what: `${volume} to go`, deadlineMs: wholeMs, why: () => said }, deps);
}

/** A stack that is removed and deployed again has its data: nothing acknowledged is missing. */
async function removeAndDeploy(): Promise<void> {
  const primary = await step("the stack removed and deployed again", async () => {
    await stack.remove();
    await stack.deploy({ POSTDOCK_TAG: tag, REPLICATION_PASSWORD_VERSION: "2" });
  });
  const { address } = await stack.task(primary);
  const report = await ledger.finish(stack.target(address!));
  assertLedger("all steps", report, { atLeast: 500, gapMs: 2 * wholeMs });
}

test("a stack of a swarm keeps its data through updates and faults", async () => {
  await deploy();
  // each part begins with a whole stack
  for (const part of [rotateAndUpdate, failUpdate, killTwice, waitForMajority, drain, loseVolume]) await part();
  await removeAndDeploy();
});
