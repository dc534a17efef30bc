// The repmgr command line, one function a command, run as postgres with a timeout.
import { commandErrorText, type CommandResult, postgresAccount, tryRun } from "../runtime/command.ts";
import type { Log } from "../runtime/log.ts";
import { repmgrConfPath } from "./repmgr-conf.ts";

async function repmgr(args: readonly string[], timeoutMs: number, log: Log): Promise<CommandResult> {
  const result = await tryRun(["/usr/bin/repmgr", "-f", repmgrConfPath, ...args], { as: postgresAccount, timeoutMs });
  if (result.code !== 0) {
    log.warn("repmgr failed", { command: args.join(" "), code: result.code, why: commandErrorText(result) });
  }
  return result;
}

/** Registers this primary, making repmgr's tables where they are missing. False where it failed (logged). */
export async function registerPrimary(log: Log): Promise<boolean> {
  return (await repmgr(["primary", "register", "--force"], 20_000, log)).code === 0;
}

/** Registers this standby under its upstream and waits until its own record has replicated here. False where it failed. */
export async function registerStandby(upstreamNodeId: number, log: Log): Promise<boolean> {
  const args = ["standby", "register", "--force", `--upstream-node-id=${upstreamNodeId}`, "--wait-sync=10"];
  return (await repmgr(args, 30_000, log)).code === 0;
}
