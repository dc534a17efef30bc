// The PCP commands, one function each, run as postgres with a timeout; the password is in .pcppass.
import { commandErrorText, postgresAccount, tryRun } from "../../../core/runtime/command.ts";
import { parseNodeInfo } from "../text/node-info.ts";
import type { PoolNode } from "../decide/pool.ts";
import { agentPcpUser } from "../text/pgpool-conf.ts";

const connection = ["-h", "localhost", "-p", "9898", "-U", agentPcpUser, "-w"];

async function pcp(command: string, args: readonly string[], timeoutMs: number) {
  return await tryRun([command, ...connection, ...args], { as: postgresAccount, timeoutMs, env: { LC_ALL: "C" } });
}

/** pgpool's view of its backends, or null with the reason if it did not answer within `timeoutMs`. */
export async function readPoolNodes(
  timeoutMs: number,
): Promise<{ nodes: PoolNode[] } | { nodes: null; why: string }> {
  const result = await pcp("pcp_node_info", ["-a"], timeoutMs);
  if (result.code !== 0) return { nodes: null, why: commandErrorText(result) };
  return { nodes: parseNodeInfo(result.stdout) };
}

/**
 * Attaches or detaches a backend. Returns null on success, otherwise why it failed. pcp_promote_node is not used: it detaches
 * every other backend too.
 */
export async function changeNode(what: "attach" | "detach", id: number): Promise<string | null> {
  const result = await pcp(`pcp_${what}_node`, ["-n", String(id)], 3_000);
  return result.code === 0 ? null : commandErrorText(result);
}

/** Has pgpool read its configuration and pool_passwd again; no session ends. Returns null on success, otherwise why it failed. */
export async function reloadPool(): Promise<string | null> {
  const result = await pcp("pcp_reload_config", [], 3_000);
  return result.code === 0 ? null : commandErrorText(result);
}
