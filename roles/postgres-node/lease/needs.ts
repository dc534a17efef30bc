// What a node's lease needs from the rest of the node (lease.ts).
import type { NodeConfig } from "../../../config/postgres-node.ts";
import type { ControlClient } from "../../../core/client/control-client.ts";
import type { Voter } from "../../../core/lease/voter.ts";
import type { Log } from "../../../core/runtime/log.ts";
import type { Clock } from "../../../core/runtime/time.ts";
import type { Fence } from "./fence.ts";

/** The part of the configuration that the lease needs. */
export type LeaseConfig = Pick<
  NodeConfig,
  "id" | "host" | "partners" | "electorate" | "quorum" | "leaseTtlMs" | "leaseRenewMs"
>;

export interface LeaseDeps {
  config: LeaseConfig;
  incarnation: string;
  voter: Voter;
  /** the highest timeline that this node has seen */
  newestTimeline: () => number;
  client: ControlClient;
  fence: Pick<Fence, "arm" | "disarm">;
  /** ends every process of this node's PostgreSQL at once; false if some stay */
  endServer: () => Promise<boolean>;
  clock: Clock;
  log: Log;
  random: () => number;
  /** called at each renewal: how old the lease was by then, counted from its last request that a majority granted */
  onRenewed: (ageMs: number) => void;
  /** called once each time this node has lost the lease */
  onLost: (because: string) => void;
}
