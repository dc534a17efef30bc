// The repmgr command line, one function per command, run as postgres with a timeout.
import { commandErrorText, postgresAccount, tryRun } from "../../../core/runtime/command.ts";
import type { Log } from "../../../core/runtime/log.ts";
import type { Sql } from "./queries.ts";
import { retireOtherPrimaries } from "./repmgr-queries.ts";
import { repmgrConfPath } from "../text/repmgr-conf.ts";

/** Runs one repmgr command. False if it failed; the log says why. */
async function repmgr(args: readonly string[], timeoutMs: number, log: Log): Promise<boolean> {
  const result = await tryRun(["/usr/bin/repmgr", "-f", repmgrConfPath, ...args], { as: postgresAccount, timeoutMs });
  if (result.code === 0) return true;
  log.warn("repmgr failed", { command: args.join(" "), code: result.code, why: commandErrorText(result) });
  return false;
}

/** Registers this primary, creating repmgr's tables if they are missing; records of former primaries become inactive. */
export async function registerPrimary(sql: Sql, nodeId: number, log: Log): Promise<boolean> {
  const retired = await retireOtherPrimaries(sql, nodeId);
  if (retired.length > 0) log.info("Marked records of former primaries inactive", { nodeIds: retired });
  return await repmgr(["primary", "register", "--force"], 20_000, log);
}

/** Registers this standby under its upstream and waits until its own record has replicated here. */
export function registerStandby(upstreamNodeId: number, log: Log): Promise<boolean> {
  const args = ["standby", "register", "--force", `--upstream-node-id=${upstreamNodeId}`, "--wait-sync=10"];
  return repmgr(args, 30_000, log);
}
