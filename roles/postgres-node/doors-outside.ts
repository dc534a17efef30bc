// The real doors to what is not this node's own: repmgr, and the other containers.
import type { NodeConfig } from "../../config/postgres-node.ts";
import type { ControlClient } from "../../core/client/control-client.ts";
import type { Peers } from "../../core/client/peers.ts";
import type { Names } from "../../core/runtime/names.ts";
import { postgresAccount } from "../../core/runtime/command.ts";
import type { Log } from "../../core/runtime/log.ts";
import { supervise } from "../../core/runtime/supervisor.ts";
import type { Clock } from "../../core/runtime/time.ts";
import { repmgrdRestart } from "./decide/registration.ts";
import type { OthersDoor, RepmgrDoor } from "./doors.ts";
import { grantedEpoch } from "./lease/granted-epoch.ts";
import { readTimelines } from "./observe/timeline-origin.ts";
import { repmgrConfPath } from "./text/repmgr-conf.ts";
import type { LocalServer } from "./tools/local-server.ts";
import { registerPrimary, registerStandby } from "./tools/repmgr.ts";
import { ensureSlotOn, failoverSlotsOf, upstreamConnection } from "./tools/upstream.ts";

/** How long a name may take to resolve before repmgrd starts, milliseconds. */
const resolveMs = 3_000;

export interface DepsOutside {
  client: ControlClient;
  config: NodeConfig;
  clock: Clock;
  log: Log;
  peers: Peers;
}

/** repmgr's records and its daemon. */
export function repmgrDoor(local: LocalServer, deps: DepsOutside): RepmgrDoor {
  const { config, log } = deps;
  return {
    registerPrimary: () => registerPrimary(local.sql, config.id, log),
    registerStandby: (upstreamNodeId) => registerStandby(upstreamNodeId, log),
    forget: (nodeIds) => local.forgetNodes(nodeIds),
    paused: () => local.repmgrdPaused(),
    unpause: () => local.unpauseRepmgrd(),
    startDaemon: (connects) =>
      supervise({
        name: "repmgrd",
        argv: ["/usr/bin/repmgrd", "-f", repmgrConfPath, "--daemonize=false", "--no-pid-file"],
        as: postgresAccount,
        stop: [{ signal: "SIGTERM", waitMs: 1_000 }],
        restart: repmgrdRestart,
        hold: () => unresolved(connects(), deps.peers.names),
      }, deps),
  };
}

/** Why one of the names does not resolve, or null. repmgrd would end at once, after minutes in the C library's lookups. */
async function unresolved(hosts: readonly string[], names: Names): Promise<string | null> {
  const troubles = await Promise.all(hosts.map((host) => names.trouble(host, resolveMs)));
  return troubles.find((trouble) => trouble !== null) ?? null;
}

/** The other containers. */
export function othersDoor(deps: DepsOutside): OthersDoor {
  const { client, config, peers } = deps;
  return {
    ask: (host, how) => client.askNode(host, how),
    addresses: () => peers.names.all(),
    wayTo: (host) => peers.names.wayTo(host),
    isSilent: (host) => peers.names.isSilent(host),
    answers: (host, timeoutMs) => client.answers(host, timeoutMs),
    grantedEpoch: () => grantedEpoch(deps),
    ensureSlot: (upstream) => ensureSlotOn(upstream, deps),
    failoverSlots: (host) => failoverSlotsOf(upstreamConnection(host, config), peers.names),
    timelines: (host, timeline, ours) => readTimelines(upstreamConnection(host, config), peers.names, timeline, ours),
  };
}
