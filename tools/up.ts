// `deno task up`: from a bare machine to the running example cluster, in words. Again: quick and harmless.
import { systemClock } from "../roles/runtime/time.ts";
import { OperatorError } from "../roles/runtime/errors.ts";
import { ensureCompose } from "./engine.ts";
import { ensureImages } from "./images.ts";
import { ensureSshKeys } from "./ssh-keys.ts";
import { composeFile, project } from "./compose.ts";
import { attempt, execute, say, task } from "./terminal.ts";

const deadlineMs = 180_000;

interface ServiceHealth {
  service: string;
  container: string;
  state: string;
  health: string;
}

async function readHealth(): Promise<ServiceHealth[]> {
  const label = "com.docker.compose.service";
  const argv = ["docker", "ps", "--all", "--filter", `label=com.docker.compose.project=${project}`];
  const format = `{{.Label "${label}"}}\t{{.Names}}\t{{.State}}\t{{.Status}}`;
  const out = await execute([...argv, "--format", format], { timeoutMs: 30_000 });
  return out.trim().split("\n").filter((l) => l !== "").map((line) => {
    const [service = "", container = "", state = "", status = ""] = line.split("\t");
    return { service, container, state, health: /\((?:health: )?(\w+)\)/.exec(status)?.[1] ?? state };
  }).sort((a, b) => a.service.localeCompare(b.service));
}

/** Waits until every service is healthy, telling each change once. Throws with the last lines of the one that is not. */
async function waitHealthy(): Promise<void> {
  const end = systemClock.nowMs() + deadlineMs;
  const told = new Map<string, string>();
  while (true) {
    const services = await readHealth();
    for (const s of services) {
      if (told.get(s.service) === s.health) continue;
      told.set(s.service, s.health);
      say(`  ${s.service}: ${s.health}`);
    }
    const pending = services.filter((s) => s.health !== "healthy");
    if (services.length > 0 && pending.length === 0) return;
    const dead = pending.find((s) => s.state === "exited");
    if (dead || systemClock.nowMs() >= end) await giveUp(dead ?? pending[0]);
    await systemClock.sleep(1_000);
  }
}

async function giveUp(service: ServiceHealth | undefined): Promise<never> {
  const name = service?.service ?? "no service";
  const logs = service
    ? await attempt(["docker", "logs", "--tail", "15", service.container], { timeoutMs: 30_000 })
    : null;
  throw new OperatorError({
    what: `${name} is not healthy (${service?.health ?? "nothing runs"})`,
    why: `its last lines:\n${(logs?.stdout ?? "") + (logs?.stderr ?? "")}`,
    fix: `read all of it with \`docker logs ${
      service?.container ?? ""
    }\`; \`deno task down\` removes the cluster, the data stay`,
  });
}

const afterwards = `
The cluster is up:

  pgmaster (node1)  port 5422  --|
  |- pgslave1 (node2)    5441  --|
  |  |- pgslave2 (node3) 5442  --|---- pgpool  port 5430
  |- pgslave3 (node4)    5443  --|
     |- pgslave4 (node5) 5444  --|
  backup (barman)

Connect:  PGPASSWORD=monkey_pass psql -h localhost -p 5430 -U monkey_user monkey_db
Look:     docker compose -f compose/latest.yml exec pgmaster gosu postgres repmgr cluster show
Break it: docker compose -f compose/latest.yml kill pgmaster    (and start pgmaster again)
Stop:     npx -y deno@2.9.6 task down              (--volumes removes the data too)
`;

await task(async () => {
  const started = systemClock.nowMs();
  await ensureImages();
  const compose = await ensureCompose();
  await ensureSshKeys();
  say("Starting the services");
  await execute([...compose, ...composeFile, "up", "-d"], { timeoutMs: 300_000 });
  await waitHealthy();
  say(afterwards);
  say(`Ready after ${Math.round((systemClock.nowMs() - started) / 1000)} s.`);
});
