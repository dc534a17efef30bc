// The variables of the lease, which nodes and observers share (docs/high-availability.md).
import { type ConfigOf, type ConfigProblem, env, flag, MalformedValue, plainText } from "./env.ts";
import { hostName } from "./host-name.ts";
import { parseHosts } from "./list-syntax.ts";

/** Seconds with up to three decimals, as milliseconds. */
const secondsText = (least: number, most: number) => (text: string) => {
  if (!/^\d{1,4}(\.\d{1,3})?$/.test(text)) throw new MalformedValue("is not a number of seconds");
  const seconds = Number(text);
  if (seconds < least || seconds > most) throw new MalformedValue(`is not between ${least} and ${most}`);
  return Math.round(seconds * 1000);
};

/** One key, or the current key followed by earlier ones: the first signs, any of them verifies. */
const keys = (text: string): string[] => {
  const list = plainText(text).split(" ").filter((k) => k !== "");
  const short = list.find((k) => k.length < 16);
  if (short !== undefined) throw new MalformedValue("contains a key of fewer than 16 characters");
  return list;
};

/** Renewals within one LEASE_TTL, at least: two of them may be lost. */
const renewalsPerLease = 3;

export const quorumVariables = {
  quorum: env("QUORUM", flag, {
    fallback: true,
    defaultText: "on",
    accepts: "on or off",
    doc: "off: there is no lease. Failover works as in plain repmgr, and two primaries are possible.",
  }),
  observers: env<string[]>("QUORUM_OBSERVERS", parseHosts, {
    fallback: [],
    defaultText: "",
    accepts: "host names, separated by commas, each once",
    doc:
      "pgpool and barman containers that vote in addition to PARTNER_NODES; two nodes and one observer are three voters. Set " +
      "the same value on all nodes and observers. An observer also needs PARTNER_NODES, and CLUSTER_KEY or REPLICATION_PASSWORD.",
  }),
  leaseTtlMs: env("LEASE_TTL", secondsText(1, 60), {
    fallback: 2_500,
    defaultText: "2.5",
    accepts: "seconds, 1 to 60, with up to three decimals",
    doc:
      "How long a primary may continue without the grant of a majority of the voters. Set the same value on all of " +
      "them. A change may be rolled out node by node.",
  }),
  leaseRenewMs: env("LEASE_RENEW_INTERVAL", secondsText(0.1, 20), {
    fallback: 500,
    defaultText: "0.5",
    accepts: "seconds, 0.1 to 20, at most a third of LEASE_TTL",
    doc: "How often the primary renews its lease.",
  }),
  clusterKeys: env<string[]>("CLUSTER_KEY", keys, {
    fallback: [],
    defaultText: "derived from REPLICATION_PASSWORD",
    accepts:
      "a key of at least 16 characters without spaces; during a change, two keys separated by a space, of which the first signs",
    doc:
      "Key that signs the messages between the containers of a cluster. Set one, the same in all of them: `openssl rand -hex 32` " +
      "makes it. One derived from a password is as strong as the password.",
    secret: true,
  }),
};

/** What a pgpool or barman container needs to vote. */
export const observerVariables = {
  observers: quorumVariables.observers,
  leaseTtlMs: quorumVariables.leaseTtlMs,
  clusterKeys: quorumVariables.clusterKeys,
  partners: env<string[]>("PARTNER_NODES", parseHosts, {
    fallback: [],
    defaultText: "",
    accepts: "host names, separated by commas, each once",
    doc: "The nodes that vote. Only an observer needs this; set the same value as on the nodes.",
    changed: "New.",
  }),
  networkName: env<string | null>("CLUSTER_NODE_NETWORK_NAME", hostName, {
    fallback: null,
    defaultText: "the container's hostname",
    accepts: "a host name or address",
    doc: "Host name or address at which the nodes reach this container; its name in QUORUM_OBSERVERS.",
    changed: "New.",
  }),
};

export type ObserverConfig = ConfigOf<typeof observerVariables>;

/** This container's name among the voters, or null if QUORUM_OBSERVERS is not set. */
export function observerName(config: ObserverConfig, hostname: string): string | null {
  return config.observers.length === 0 ? null : config.networkName ?? hostname;
}

/** Problems between the variables of an observer. */
export function observerProblems(config: ObserverConfig, hostname: string): ConfigProblem[] {
  const name = observerName(config, hostname);
  if (name === null) return [];
  const problems = partnerProblems(config.observers, config.partners);
  if (!config.observers.includes(name)) {
    problems.push({
      variable: "QUORUM_OBSERVERS",
      message: `QUORUM_OBSERVERS (${config.observers.join(",")}) does not include this container, ${
        JSON.stringify(name)
      }`,
      fix: "set CLUSTER_NODE_NETWORK_NAME to its name there, or unset QUORUM_OBSERVERS here if it is not a voter",
    });
  }
  return problems;
}

export type QuorumConfig = ConfigOf<typeof quorumVariables>;

/** Problems between the variables of the lease. */
export function quorumProblems(config: QuorumConfig, partners: readonly string[]): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  if (config.leaseRenewMs * renewalsPerLease > config.leaseTtlMs) {
    problems.push({
      variable: "LEASE_RENEW_INTERVAL",
      message: `LEASE_RENEW_INTERVAL (${config.leaseRenewMs / 1000} s) is more than a third of LEASE_TTL (${
        config.leaseTtlMs / 1000
      } s)`,
      fix: `set LEASE_RENEW_INTERVAL to at most ${
        Math.floor(config.leaseTtlMs / renewalsPerLease) / 1000
      }, or raise LEASE_TTL`,
    });
  }
  return [...problems, ...partnerProblems(config.observers, partners)];
}

function partnerProblems(observers: readonly string[], partners: readonly string[]): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  const both = observers.find((o) => partners.includes(o));
  if (both !== undefined) {
    problems.push({
      variable: "QUORUM_OBSERVERS",
      message: `QUORUM_OBSERVERS lists ${both}, which is in PARTNER_NODES too and already has a vote`,
      fix: `remove ${both} from QUORUM_OBSERVERS`,
    });
  }
  if (observers.length > 0 && partners.length === 0) {
    problems.push({
      variable: "QUORUM_OBSERVERS",
      message: "QUORUM_OBSERVERS is set but PARTNER_NODES is not; the voters are the hosts of both",
      fix: "set PARTNER_NODES to the same value as on the nodes",
    });
  }
  return problems;
}

/** The voters, sorted, so that the order is the same on every container. */
export function electorateOf(partners: readonly string[], observers: readonly string[]): string[] {
  return [...new Set([...partners, ...observers])].toSorted();
}

/** With fewer voters, a lost node cannot be told from a network partition. */
export const leastVoters = 3;

export type LeaseMode = { on: true } | { on: false; because: string; fix: string };

/** Whether the lease decides which node is the primary. */
export function leaseModeOf(config: { quorum: boolean; electorate: readonly string[] }): LeaseMode {
  const fix =
    "configure at least three voters: add a third node to PARTNER_NODES, or a pgpool or barman container to " +
    "QUORUM_OBSERVERS, on every voter";
  if (!config.quorum) {
    return {
      on: false,
      because: "QUORUM is off: failover works as in plain repmgr, and two primaries are possible",
      fix,
    };
  }
  if (config.electorate.length === 0) {
    return {
      on: false,
      because: "PARTNER_NODES is empty: there are no voters, so failover works as in plain repmgr",
      fix,
    };
  }
  if (config.electorate.length < leastVoters) {
    return {
      on: false,
      because:
        `there is no automatic failover with only ${config.electorate.length} voters, because a lost node cannot be told ` +
        "from a network partition",
      fix: `${fix}; or set QUORUM=off for plain repmgr behaviour`,
    };
  }
  return { on: true };
}
