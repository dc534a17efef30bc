// What an agent says of itself, asked by its address as anybody may ask it.
import { defaultHttpPort } from "../../config/http-port.ts";
import { Peers } from "../../core/client/peers.ts";
import type { AnyStatus, NodeStatus } from "../../core/protocol/status.ts";
import { systemClock, withDeadline } from "../../core/runtime/time.ts";

const peers = new Peers(systemClock, defaultHttpPort);

/** /status at an address, or null if it does not answer. `name`: whose it is. */
export async function statusAt(address: string | null, name: string): Promise<AnyStatus | null> {
  if (address === null) return null;
  // a request to an agent that hangs does not always end by itself
  const asked = withDeadline(peers.getText(address, "/status", 2_000), 2_500, name);
  const text = await asked.catch(() => null);
  return text === null ? null : JSON.parse(text) as AnyStatus;
}

/** The same of a node; null also if it is the agent of another role. */
export const asNode = (status: AnyStatus | null): NodeStatus | null =>
  status?.component === "postgres-node" ? status : null;
