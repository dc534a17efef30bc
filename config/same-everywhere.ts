// PURE: the variables that have to be the same in all containers, as a container reports them to be compared.
import { createHash } from "node:crypto";
import type { NodeConfig } from "./postgres-node.ts";

/** Tells lists of rules apart without showing them. */
const hashOf = (rules: readonly string[]) => createHash("sha256").update(rules.join("\n")).digest("hex").slice(0, 8);

interface VoterConfig {
  partners: readonly string[];
  observers: readonly string[];
  leaseTtlMs: number;
}

/** What all voters have in common. */
function ofVoter({ partners, observers, leaseTtlMs }: VoterConfig): Record<string, string> {
  return {
    PARTNER_NODES: partners.toSorted().join(","),
    QUORUM_OBSERVERS: observers.toSorted().join(","),
    LEASE_TTL: String(leaseTtlMs / 1000),
  };
}

/** What a pgpool or barman container has to have in common with the nodes; `consistency`: that of pgpool, which routes by it. */
export function serviceVariablesToCompare(
  config: VoterConfig & { consistency?: string; tls: string },
): Record<string, string> {
  return {
    TLS: config.tls,
    ...config.observers.length === 0 ? {} : ofVoter(config),
    ...config.consistency === undefined ? {} : { CONSISTENCY: config.consistency },
  };
}

type Compared =
  & VoterConfig
  & Pick<
    NodeConfig,
    | "barmanSync"
    | "clusterName"
    | "consistency"
    | "oldestDataSeconds"
    | "pgHba"
    | "quorum"
    | "replicationDb"
    | "replicationRole"
    | "replicationUser"
    | "tls"
    | "useSlots"
  >;

/** What a node has to have in common with the others. One of the second level neither votes nor leads by itself. */
export function nodeVariablesToCompare(config: Compared): Record<string, string> {
  const everywhere = {
    CLUSTER_NAME: config.clusterName,
    REPLICATION_DB: config.replicationDb,
    REPLICATION_USER: config.replicationUser,
    REPLICATION_ROLE: config.replicationRole,
    TLS: config.tls,
    ...config.pgHba.length === 0 ? {} : { PG_HBA: `${config.pgHba.length} lines, ${hashOf(config.pgHba)}` },
    USE_REPLICATION_SLOTS: config.useSlots ? "1" : "0",
  };
  if (config.partners.length === 0) return everywhere;
  return {
    ...everywhere,
    ...ofVoter(config),
    BARMAN_SYNC: config.barmanSync ? "1" : "0",
    CONSISTENCY: config.consistency,
    FAILOVER_MAX_DATA_AGE: String(config.oldestDataSeconds),
    QUORUM: config.quorum ? "on" : "off",
  };
}
