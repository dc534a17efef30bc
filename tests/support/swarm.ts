// The engine as a swarm of one machine, on its loopback, for one scenario. An engine that is in a swarm already is left alone.
import { systemClock, waitUntil } from "../../core/runtime/time.ts";
import { OperatorError } from "../../core/words/errors.ts";
import { attempt } from "../../tools/terminal.ts";
import { docker } from "./docker.ts";

/** On the one machine of a swarm that a scenario made; its value is the scenario's prefix. */
const label = "postdock.test";
/** What Docker makes for every swarm, and leaves behind. */
const bridge = "docker_gwbridge";

const stateNow = async () => (await docker(["info", "--format", "{{.Swarm.LocalNodeState}}"])).trim();

/** Whether the swarm of this engine is one that a scenario of this prefix made. */
async function isOurs(prefix: string): Promise<boolean> {
  const format = `{{index .Spec.Labels "${label}"}}`;
  const { code, stdout } = await attempt(["docker", "node", "inspect", "self", "--format", format], {
    timeoutMs: 30_000,
  });
  return code === 0 && stdout.trim() === prefix;
}

/** Makes the engine a swarm with these labels on its machine. Throws if it is in one already that is not this run's. */
export async function enterSwarm(prefix: string, labels: readonly string[]): Promise<void> {
  await leaveSwarm(prefix); // left by an interrupted run
  const state = await stateNow();
  if (state !== "inactive") {
    throw new OperatorError({
      what: `The engine is in a swarm already (${state}), which is left alone`,
      fix: "run this scenario on another engine, or leave the swarm: docker swarm leave",
    });
  }
  const loopback = [
    "--advertise-addr",
    "127.0.0.1",
    "--listen-addr",
    "127.0.0.1:2377",
    "--data-path-addr",
    "127.0.0.1",
  ];
  await docker(["swarm", "init", ...loopback]);
  const given = [`${label}=${prefix}`, ...labels].flatMap((text) => ["--label-add", text]);
  await docker(["node", "update", ...given, await machine()]);
}

/** Leaves the swarm, if a scenario of this prefix made it: its tasks, secrets and networks are gone then, and volumes stay. */
export async function leaveSwarm(prefix: string): Promise<void> {
  if (!(await isOurs(prefix))) return;
  await docker(["swarm", "leave", "--force"], 120_000);
  const isOut = async () => (await stateNow()) === "inactive";
  await waitUntil(isOut, { what: "the engine to leave the swarm", deadlineMs: 60_000 }, { clock: systemClock });
  await removeBridge();
}

/** Removes the bridge, unless a container or another swarm uses it. Swarm's own end may stay in it for a moment. */
async function removeBridge(): Promise<void> {
  let said = "";
  const isGone = async () => {
    await attempt(["docker", "network", "disconnect", "--force", bridge, "gateway_ingress-sbox"], {
      timeoutMs: 30_000,
    });
    const { code, stderr } = await attempt(["docker", "network", "rm", bridge], { timeoutMs: 30_000 });
    said = stderr.trim();
    return code === 0 || /No such network/i.test(said);
  };
  const wait = { what: `the network ${bridge} to go`, deadlineMs: 30_000, everyMs: 1_000, why: () => said };
  await waitUntil(isGone, wait, { clock: systemClock });
}

/** The only machine of the swarm. */
export const machine = async (): Promise<string> => (await docker(["node", "ls", "--quiet"])).trim();

/** `docker node update --availability`: "drain" takes every task from the machine, "active" lets it have tasks again. */
export async function setAvailability(availability: "drain" | "active"): Promise<void> {
  await docker(["node", "update", "--availability", availability, await machine()]);
}

/** The addresses by which this machine reaches the tasks, by the id of their containers. */
export async function addressesOfTasks(): Promise<ReadonlyMap<string, string>> {
  const { code, stdout } = await attempt(["docker", "network", "inspect", bridge, "--format", "{{json .Containers}}"], {
    timeoutMs: 30_000,
  });
  const ends = code === 0 ? JSON.parse(stdout) as Record<string, { IPv4Address: string }> : {};
  return new Map(Object.entries(ends).map(([id, { IPv4Address }]) => [id, IPv4Address.split("/")[0]!]));
}
