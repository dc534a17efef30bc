// Where an agent listens. The port of HTTP: the same in all containers of a cluster, since each reaches the others by it.
import type { ReadDeps } from "../../config/env.ts";
import { defaultHttpPort } from "../../config/http-port.ts";

/** Where an agent listens for the commands of its own container: what is under /local is answered here only. */
export const agentSocketPath = "/run/postdock/agent.sock";

/**
 * POSTDOCK_PORT, for commands: without the schema of the variables, which would take a quarter of a quick probe's time. The
 * entrypoint has refused a malformed value.
 */
export function httpPortOf({ environment, readFile }: ReadDeps): number {
  const path = environment.POSTDOCK_PORT_FILE;
  const port = Number((path ? readFile(path) : environment.POSTDOCK_PORT)?.trim() || defaultHttpPort);
  return Number.isInteger(port) && port > 0 && port < 65536 ? port : defaultHttpPort;
}
