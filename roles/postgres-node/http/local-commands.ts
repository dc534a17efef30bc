// Commands that run beside the agent in its container and ask it over its socket: repmgr's events, and whether repmgrd may
// promote. The agent's side and the commands' side.
import type { Hono } from "hono";
import { z } from "zod";
import type { Command } from "../../../core/runtime/context.ts";
import { errorText, ExitCode } from "../../../core/words/errors.ts";
import { Peers } from "../../../core/client/peers.ts";
import { agentSocketPath, httpPortOf } from "../../../core/protocol/port.ts";
import { type Verdict, yes } from "../../../core/words/verdict.ts";
import type { Node } from "../node.ts";
import { mayEndRecovery } from "../act/permission.ts";
import { promoteForRepmgrd } from "../act/promote.ts";

const Event = z.object({ nodeId: z.string(), event: z.string(), success: z.string(), details: z.string() });

const WalAsked = z.object({ name: z.string(), path: z.string().nullable().default(null) });

/** Answers the commands of this container. */
export function addLocalCommands(app: Hono, node: Node): void {
  app.post("/local/:command", async (c) => {
    const verdict = await answerLocal(c.req.path, await c.req.json(), node);
    if (!verdict) return c.text("no such command\n", 404);
    return c.text(verdict.because + "\n", verdict.ok ? 200 : 409);
  });
}

/** Undefined: there is no such command. */
async function answerLocal(path: string, body: unknown, node: Node): Promise<Verdict | undefined> {
  if (path === "/local/event") {
    const event = Event.parse(body);
    const fields = { repmgr: event.event, nodeId: Number(event.nodeId), details: event.details };
    if (event.success === "1") node.log.info("repmgr event", fields);
    else node.log.warn("repmgr event", { ...fields, success: false });
    node.activity.wake();
    return yes("noted");
  }
  if (path === "/local/fetch-wal") {
    const asked = WalAsked.parse(body);
    return await node.doors.data.fetchWal(asked.name, asked.path);
  }
  if (path === "/local/may-promote") return await promoteForRepmgrd(node);
  if (path === "/local/may-end-recovery") {
    const verdict = await mayEndRecovery(node);
    node.log.info("PostgreSQL leaves recovery", { allowed: verdict.ok, because: verdict.because });
    return verdict;
  }
  return undefined;
}

/** `postgres-node event …`: repmgr's event_notification_command. Never fails repmgr. */
export const eventCommand: Command = async (
  context,
  { args: [nodeId = "", event = "", success = "", _time = "", details = ""] },
) => {
  try {
    await new Peers(context.clock, httpPortOf(context)).postJson(
      agentSocketPath,
      "/local/event",
      { nodeId, event, success, details },
      2_000,
    );
  } catch {
    // the agent is stopping or restarting: repmgr keeps its events in repmgr.events as well
  }
  return ExitCode.ok;
};

/** `postgres-node may-promote`: repmgrd's failover_validation_command; 0 allows. Without an answer it is never allowed. */
export const mayPromoteCommand: Command = async (context) => {
  try {
    context.print(
      (await new Peers(context.clock, httpPortOf(context)).postJson(agentSocketPath, "/local/may-promote", {}, 8_000))
        .trim(),
    );
    return ExitCode.ok;
  } catch (error) {
    context.print(`not allowed: ${errorText(error)}`);
    return ExitCode.no;
  }
};

/**
 * `postgres-node may-end-recovery`: PostgreSQL's recovery_end_command. PostgreSQL only warns of an exit code up to 125. At 126,
 * the code of a refusal, it ends instead of becoming read-write (manual, recovery_end_command).
 */
export const mayEndRecoveryCommand: Command = async (context) => {
  try {
    context.print(
      (await new Peers(context.clock, httpPortOf(context)).postJson(
        agentSocketPath,
        "/local/may-end-recovery",
        {},
        3_000,
      )).trim(),
    );
    return ExitCode.ok;
  } catch (error) {
    context.complain(`this server may not become primary: ${errorText(error)}. Fix: type postdock cluster switchover`);
    return 126;
  }
};
