// `deno task up [--monitoring]`: from a bare machine to the running example cluster, with Prometheus and Alertmanager if asked. Running it again is quick and harmless.
import { systemClock } from "../core/runtime/time.ts";
import { OperatorError } from "../core/words/errors.ts";
import { defaultHttpPort } from "../config/http-port.ts";
import { Peers } from "../core/client/peers.ts";
import { ensureCompose } from "./engine.ts";
import { ensureImages, ensureMonitoring } from "./images.ts";
import { ensureClusterKey } from "./cluster-key.ts";
import { ensureSshKeys } from "./ssh-keys.ts";
import { composeFile, monitoringFile, project } from "./compose.ts";
import { optionsOf } from "./options.ts";
import { attempt, execute, say, task } from "./terminal.ts";
import { renderTopology, type SeenNode } from "./topology.ts";

const peers = new Peers(systemClock, defaultHttpPort);

const deadlineMs = 180_000;

interface ServiceHealth {
  service: string;
  container: string;
  state: string;
  health: string;
  ports: string;
}

async function readHealth(): Promise<ServiceHealth[]> {
  const label = "com.docker.compose.service";
  const argv = ["docker", "ps", "--all", "--filter", `label=com.docker.compose.project=${project}`];
  const format = `{{.Label "${label}"}}\t{{.Names}}\t{{.State}}\t{{.Status}}\t{{.Ports}}`;
  const out = await execute([...argv, "--format", format], { timeoutMs: 30_000 });
  return out.trim().split("\n").filter((l) => l !== "").map((line) => {
    const [service = "", container = "", state = "", status = "", ports = ""] = line.split("\t");
    return { service, container, state, health: /\((?:health: )?(\w+)\)/.exec(status)?.[1] ?? state, ports };
  }).sort((a, b) => a.service.localeCompare(b.service));
}

/** Waits until every service is healthy, and prints each change. Throws with the last log lines of a service that is not. */
async function waitHealthy(): Promise<void> {
  const end = systemClock.nowMs() + deadlineMs;
  const printed = new Map<string, string>();
  while (true) {
    const services = await readHealth();
    for (const s of services) {
      if (printed.get(s.service) === s.health) continue;
      printed.set(s.service, s.health);
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
    why: `its last log lines are:\n${(logs?.stdout ?? "") + (logs?.stderr ?? "")}`,
    fix: `read the whole log with \`docker logs ${
      service?.container ?? ""
    }\`; \`deno task down\` removes the cluster and keeps its data`,
  });
}

/** The nodes, what each reports, and the port that each is published at. */
async function readTopology(): Promise<SeenNode[]> {
  const others = ["pgpool", "backup", "prometheus", "alertmanager"];
  const nodes = (await readHealth()).filter((s) => !others.includes(s.service));
  const format = "{{range .NetworkSettings.Networks}}{{.IPAddress}} {{end}}";
  return await Promise.all(nodes.map(async ({ service, container, ports }) => {
    const inspect = ["docker", "inspect", "--format", format, container];
    const address = (await attempt(inspect, { timeoutMs: 15_000 })).stdout.trim().split(" ")[0] ?? "";
    const seen = address === "" ? null : await peers.askNode(address, { timeoutMs: 2_000 });
    const port = /:(\d+)->5432/.exec(ports)?.[1] ?? "not published";
    return { service, port, status: seen?.seen === "reached" ? seen.status : null };
  }));
}

function renderAfterwards(nodes: readonly SeenNode[], compose: readonly string[]): string {
  const command = `${compose.join(" ")} -f compose/latest.yml`;
  return `
The cluster is up:

${renderTopology(nodes)}
  pgpool               port 5430  writes to the primary, reads from all nodes
  backup               barman

Connect:  PGPASSWORD=monkey_pass psql -h localhost -p 5430 -U monkey_user monkey_db
          (no psql here? ${command} exec pgmaster psql -U monkey_user monkey_db)
See it:   http://localhost:8530 from pgpool, 8550 from barman, 8522 and 8541 to 8544 from the nodes
Look:     ${command} exec pgmaster gosu postgres repmgr cluster show
Break it: ${command} kill pgmaster    (and start pgmaster again)
Stop:     npx -y deno@2.9.6 task down    (--volumes also removes the data)
`;
}

await task(async () => {
  const { monitoring } = optionsOf({ monitoring: "flag" });
  const started = systemClock.nowMs();
  await ensureImages();
  if (monitoring) await ensureMonitoring();
  const compose = await ensureCompose();
  await ensureSshKeys();
  await ensureClusterKey();
  say("Starting the services");
  await execute([...compose, ...composeFile, ...(monitoring ? monitoringFile : []), "up", "-d"], {
    timeoutMs: 300_000,
  });
  await waitHealthy();
  say(renderAfterwards(await readTopology(), compose));
  if (monitoring) {
    say("Alerts:   http://localhost:9090/alerts    Alertmanager: http://localhost:9093");
    say("          what to type for each: http://localhost:9090/consoles/alerts.html\n");
  }
  say(`Ready after ${Math.round((systemClock.nowMs() - started) / 1000)} s.`);
});
