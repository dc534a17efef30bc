// `deno task kubernetes up|down|test`: a real Kubernetes of three machines on this one, with PostDock's images: API server, kubelets
// and network are those of a cluster that people run; only the machines are network namespaces. `test` runs the scenarios of
// tests/kubernetes/scenarios there.
import { readdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { OperatorError } from "../core/words/errors.ts";
import { systemClock, waitUntil } from "../core/runtime/time.ts";
import { aptInstall, requireDebianRoot } from "./debian.ts";
import { ensureEngine } from "./engine.ts";
import { ensureKubernetesClients } from "./kubernetes-clients.ts";
import { addons } from "./kubernetes/addons.ts";
import { ensureBinaries } from "./kubernetes/binaries.ts";
import {
  adminConfig,
  asAdmin,
  endControlPlane,
  pki,
  runDirectory,
  startControlPlane,
} from "./kubernetes/control-plane.ts";
import { buildImages, handOver, missingPackages } from "./kubernetes/images.ts";
import { doorPlace, type NodePlace, nodePlaces } from "./kubernetes/layout.ts";
import {
  endMachine,
  makeApiAddress,
  makeNetwork,
  removeApiAddress,
  removeMachine,
  startKubelet,
  startProxy,
  startRuntime,
} from "./kubernetes/machine.ts";
import { configsOf, makePki } from "./kubernetes/pki.ts";
import { ensureImages } from "./images.ts";
import { optionsOf } from "./options.ts";
import { attempt, execute, root, say, task } from "./terminal.ts";
import { runTestFile } from "./test-file.ts";

const deps = { clock: systemClock };
export const places = nodePlaces(runDirectory, 3);
const door = doorPlace(runDirectory);

const isUp = () => stat(runDirectory).then(() => true, () => false);

/** Starts the cluster, and returns once its DNS and its machines are ready. */
export async function up(): Promise<void> {
  if (await isUp()) {
    throw new OperatorError({
      what: "A Kubernetes of an earlier run is there",
      why: `${runDirectory} holds its state`,
      fix: "run `deno task kubernetes down` first",
    });
  }
  await requireDebianRoot("A Kubernetes of three machines needs network namespaces of root");
  await ensureEngine();
  await ensureImages();
  const missing = await missingPackages();
  if (missing.length > 0 || !(await stat("/usr/lib/cni").then(() => true, () => false))) {
    await aptInstall([...missing, "containernetworking-plugins"]);
  }
  const programs = await ensureBinaries();
  const clients = await ensureKubernetesClients();
  const images = await buildImages(programs);
  const since = systemClock.nowMs();
  const configs = await makePki(pki);
  await makeApiAddress();
  for (const place of [...places, door]) await makeNetwork(place);
  await startControlPlane(programs, configs);
  await startProxy(door, programs, configs);
  await Promise.all(places.map(startRuntime));
  for (const place of places) await handOver(images, place);
  for (const place of places) await startKubelet(place, programs, configs);
  const ask = (...argv: string[]) => attempt(asAdmin(clients, argv), { timeoutMs: 30_000 });
  const ready = async () => {
    const nodes = await ask("get", "nodes", "-o", 'jsonpath={.items[*].status.conditions[?(@.type=="Ready")].status}');
    return nodes.stdout.trim() === places.map(() => "True").join(" ");
  };
  await waitUntil(ready, { what: "all machines to be ready", deadlineMs: 120_000, everyMs: 500 }, deps);
  await writeFile(join(runDirectory, "addons.json"), addons(places));
  const order = (...argv: string[]) => execute(asAdmin(clients, argv), { timeoutMs: 130_000 });
  await order("apply", "-f", join(runDirectory, "addons.json"));
  for (const [namespace, name] of [["kube-system", "coredns"], ["local-path-storage", "local-path-provisioner"]]) {
    await order("-n", namespace!, "rollout", "status", "--timeout=120s", "deployment", name!);
  }
  say(`Kubernetes is ready after ${Math.round((systemClock.nowMs() - since) / 1000)} s. To look at it:`);
  say(`  export KUBECONFIG=${adminConfig}; ${clients.kubectl} get pods --all-namespaces`);
}

/** Puts a new machine of the same name, with an empty disk, in the place of one that has ended. */
export async function replaceMachine(place: NodePlace): Promise<void> {
  const left = await removeMachine(place);
  if (left.length > 0) throw new Error(`${place.name} was not removed: ${left.join("; ")}`);
  const programs = await ensureBinaries();
  await makeNetwork(place);
  await startRuntime(place);
  await handOver(await buildImages(programs), place);
  await startKubelet(place, programs, configsOf(pki));
}

/** Ends the cluster, and removes all that it has made. */
export async function down(): Promise<void> {
  for (const place of [...places, door]) await endMachine(place);
  await endControlPlane();
  await removeApiAddress();
  const left = (await Promise.all([...places, door].map(removeMachine))).flat();
  if (left.length > 0) {
    throw new OperatorError({
      what: "Not all of Kubernetes could be removed",
      why: left.join("; "),
      fix: "unmount it",
    });
  }
  await execute(["rm", "-rf", runDirectory], { timeoutMs: 60_000 });
}

const scenarios = join("tests", "kubernetes", "scenarios");
const scenarioMs = 1_800_000;

/** Runs the scenarios whose name contains `filter`; a cluster that is not there is made, and removed at the end. */
async function test(filter: string): Promise<number> {
  const files = (await readdir(join(root, scenarios))).filter((f) => f.endsWith(".test.ts") && f.includes(filter));
  if (files.length === 0) {
    throw new OperatorError({ what: `No scenario has ${filter} in its name`, fix: `see the names in ${scenarios}` });
  }
  const made = !(await isUp());
  if (made) await up();
  let failed = 0;
  try {
    for (const file of files.toSorted()) {
      say(`\n${file}`);
      const run = await runTestFile(join(scenarios, file), { timeoutMs: scenarioMs, show: true });
      if (run.failed > 0) failed++;
    }
  } finally {
    if (made) await down();
  }
  say(`\n${files.length - failed} of ${files.length} scenarios passed`);
  return failed > 0 ? 1 : 0;
}

if (import.meta.main) {
  await task(async () => {
    const { rest: [what, filter] } = optionsOf({}, { most: 2 });
    if (what === "test") return await test(filter ?? "");
    const work = filter === undefined ? { up, down }[what ?? ""] : undefined;
    if (work === undefined) {
      throw new OperatorError({
        what: "What is to be done is missing",
        fix: "write `deno task kubernetes up`, `down`, or `test`, which takes a part of a scenario's name",
      });
    }
    await work();
  });
}
