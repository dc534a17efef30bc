// Docker from a scenario: exec, kill, start, networks, addresses. Every call has a timeout.
import assert from "node:assert/strict";
import { attempt, execute } from "../../tools/terminal.ts";
import type { CommandResult } from "../../core/runtime/command.ts";

/** Runs docker; throws if it fails. */
export function docker(args: readonly string[], timeoutMs = 60_000): Promise<string> {
  return execute(["docker", ...args], { timeoutMs });
}

/** Runs a command in a container, whatever its exit code. */
export function tryExec(container: string, argv: readonly string[], timeoutMs = 60_000): Promise<CommandResult> {
  return attempt(["docker", "exec", container, ...argv], { timeoutMs });
}

/** Runs a command in a container; throws if it fails. */
export function exec(container: string, argv: readonly string[], timeoutMs = 60_000): Promise<string> {
  return docker(["exec", container, ...argv], timeoutMs);
}

/** The container's address, or null if it has none. */
export async function addressOf(container: string): Promise<string | null> {
  const format = "{{range .NetworkSettings.Networks}}{{.IPAddress}} {{end}}";
  const result = await attempt(["docker", "inspect", "--format", format, container], { timeoutMs: 60_000 });
  return result.code === 0 ? result.stdout.trim().split(" ")[0] || null : null;
}

/** The containers of a Compose project by service, running or not. */
export type Containers = ReadonlyMap<string, { id: string; address: string | null }>;

export async function containersOf(project: string): Promise<Containers> {
  const ids = await docker(["ps", "--all", "--quiet", "--filter", `label=com.docker.compose.project=${project}`]);
  const service = '{{index .Config.Labels "com.docker.compose.service"}}';
  const format = `${service} {{.Id}} {{range .NetworkSettings.Networks}}{{.IPAddress}} {{end}}`;
  const argv = ["docker", "inspect", "--format", format, ...ids.split("\n").filter(Boolean)];
  // one that has just been removed is left out
  const rows = ids === "" ? [] : (await attempt(argv, { timeoutMs: 60_000 })).stdout.trim().split("\n");
  return new Map(
    rows.map((row) => row.split(" ")).map(([name, id, address]) => [name!, { id: id!, address: address || null }]),
  );
}

/** State and exit code of a container. */
export async function stateOf(container: string): Promise<{ running: boolean; exitCode: number }> {
  const out = await docker(["inspect", "--format", "{{.State.Running}} {{.State.ExitCode}}", container]);
  const [running, code] = out.trim().split(" ");
  return { running: running === "true", exitCode: Number(code) };
}

/** Everything the container has printed. Throws if there is no such container: an unread log proves nothing. */
export async function logsOf(container: string): Promise<string> {
  // both streams in the order in which they were written
  const both = ["bash", "-c", 'exec docker logs "$1" 2>&1', "bash", container];
  const result = await attempt(both, { timeoutMs: 60_000 });
  assert.equal(result.code, 0, `docker logs ${container}: ${result.stdout}`);
  return result.stdout;
}

/** Everything the container has printed since `before`, which is what logsOf() had then. */
export async function logsSince(container: string, before: string): Promise<string> {
  const now = await logsOf(container);
  assert.ok(now.length >= before.length, `the log of ${container} is shorter than before`);
  return now.slice(before.length);
}

/**
 * Runs a shell script in the network of each of these containers, all from one helper: starting a container for each would
 * slow down the containers under test.
 */
export async function inNetworksOf(scripts: ReadonlyMap<string, string>, timeoutMs = 60_000): Promise<void> {
  const pidOf = async (container: string) =>
    (await docker(["inspect", "--format", "{{.State.Pid}}", container])).trim();
  const parts = await Promise.all(
    [...scripts].map(async ([container, script]) => [await pidOf(container), script]),
  );
  const argv = parts.flatMap(([pid, script]) => [pid!, script!]);
  const each = 'set -e; while test $# -gt 0; do nsenter --target "$1" --net sh -ec "$2"; shift 2; done';
  const rights = ["--pid", "host", "--cap-add", "SYS_ADMIN", "--cap-add", "SYS_PTRACE", "--cap-add", "NET_ADMIN"];
  const helper = ["run", "--rm", ...rights, "--security-opt", "apparmor=unconfined", "--entrypoint", "sh"];
  await docker([...helper, "postdock/base:2.0", "-c", each, "sh", ...argv], timeoutMs);
}
