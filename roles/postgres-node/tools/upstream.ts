// How this node reaches another one's PostgreSQL, and its slot there.
import type { NodeConfig } from "../../../config/postgres-node.ts";
import type { Peers } from "../../../core/client/peers.ts";
import type { Names } from "../../../core/runtime/names.ts";
import type { Login } from "../../../core/runtime/session.ts";
import type { Log } from "../../../core/runtime/log.ts";
import { readFailoverSlots } from "./logical-queries.ts";
import { slotName } from "../text/repmgr-conf.ts";
import { ensureSlot, withRemote } from "./queries.ts";

/** How this node connects to another one's repmgr database. */
export function upstreamConnection(host: string, config: NodeConfig): Login {
  return {
    host,
    port: host === config.upstreamHost ? config.primaryPort : 5432,
    user: config.replicationUser,
    password: config.replicationPassword,
    database: config.replicationDb,
    trust: config,
  };
}

/** The names of another node's logical slots with failover. Throws if it cannot be asked. */
export async function failoverSlotsOf(remote: Login, names: Names): Promise<string[]> {
  const { slots } = await withRemote(remote, names, 3_000, readFailoverSlots);
  return slots.map((s) => s.name);
}

/** Creates this node's slot on its upstream, if slots are used. False if the upstream could not be asked (logged). */
export async function ensureSlotOn(
  host: string,
  { config, log, peers }: { config: NodeConfig; log: Log; peers: Pick<Peers, "names"> },
): Promise<boolean> {
  if (!config.useSlots) return true;
  try {
    const remote = upstreamConnection(host, config);
    const made = await withRemote(remote, peers.names, 5_000, (s) => ensureSlot(s, slotName(config.id)));
    if (made) log.info("Slot created on the upstream", { upstream: host, slot: slotName(config.id) });
    return true;
  } catch (error) {
    log.warn("The slot could not be created on the upstream", { upstream: host, slot: slotName(config.id), error });
    return false;
  }
}
