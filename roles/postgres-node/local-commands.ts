// What runs beside the agent in the same container and talks to it over its socket: repmgr's events and repmgrd's question
// whether it may promote. The agent's side, and the commands' side.
import { z } from "zod";
import type { Command } from "../runtime/context.ts";
import { errorText, ExitCode } from "../runtime/errors.ts";
import { postJson } from "../runtime/peers.ts";
import { no, type Verdict, yes } from "../runtime/verdict.ts";
import { renderStatus } from "./agent-state.ts";
import { decideMayPromote } from "./decide-running.ts";
import type { Node } from "./node.ts";
import { knownHosts, observeServer, observeSurroundings } from "./observe.ts";
import { agentSocketPath } from "./repmgr-conf.ts";

const Event = z.object({ nodeId: z.string(), event: z.string(), success: z.string(), details: z.string() });

/** A claim to become primary is withdrawn after this long if nothing came of it, milliseconds. */
const claimMs = 15_000;

/** Answers a command of this container. Returns undefined where there is no such command. */
export async function answerLocal(path: string, body: unknown, node: Node): Promise<Verdict | undefined> {
  if (path === "/local/event") {
    const event = Event.parse(body);
    const fields = { repmgr: event.event, nodeId: Number(event.nodeId), details: event.details };
    if (event.success === "1") node.log.info("repmgr event", fields);
    else node.log.warn("repmgr event", { ...fields, success: false });
    node.wake();
    return yes("noted");
  }
  if (path === "/local/may-promote") return await mayPromote(node);
  return undefined;
}

/** First this node says that it is about to become primary, then it looks: of two that do so at once, one sees the other. */
async function mayPromote(node: Node): Promise<Verdict> {
  const { config, state, memory } = node;
  state.becomingPrimary = true;
  state.server = await observeServer(node.sql, node.clock);
  const hosts = knownHosts(config, state, memory.hosts);
  const { peers, primary } = await observeSurroundings({ hosts, history: node.histories }, node);
  const { postgres } = renderStatus(state, config, node.clock.nowMs());
  const verdict = decideMayPromote({
    self: { host: config.host, nodeId: config.id, priority: config.priority },
    mayBootstrap: config.upstreamHost === null,
    configuredUpstream: config.upstreamHost,
    otherPartners: config.otherPartners,
    everHadMajority: memory.everHadMajority,
    peers,
    primary,
    role: state.server.state.standby ? "standby" : "primary",
    systemIdentifier: state.server.state.system_identifier,
    position: { timeline: state.server.state.timeline, lsn: postgres.lsn ?? "0/0" },
  }, { tieBreak: false });
  node.log.info("Promotion asked for", { allowed: verdict.ok, because: verdict.because });
  if (!verdict.ok) {
    state.becomingPrimary = false;
    return no(verdict.because);
  }
  node.clock.sleep(claimMs, node.stop).then(() => state.becomingPrimary = false);
  return yes(verdict.because);
}

/** `postgres-node event …`: repmgr's event_notification_command. Never fails repmgr. */
export const eventCommand: Command = async (
  _context,
  [nodeId = "", event = "", success = "", _time = "", details = ""],
) => {
  try {
    await postJson(agentSocketPath, "/local/event", { nodeId, event, success, details }, 2_000);
  } catch {
    // the agent is stopping or restarting: repmgr keeps its events in repmgr.events as well
  }
  return ExitCode.ok;
};

/** `postgres-node may-promote`: repmgrd's failover_validation_command; 0 allows. Blind is never yes. */
export const mayPromoteCommand: Command = async (context) => {
  try {
    context.print((await postJson(agentSocketPath, "/local/may-promote", {}, 8_000)).trim());
    return ExitCode.ok;
  } catch (error) {
    context.print(`not allowed: ${errorText(error)}`);
    return ExitCode.no;
  }
};
