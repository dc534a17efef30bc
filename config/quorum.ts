// Who votes about the lease, and how: the variables that nodes and observers share (docs/high-availability.md).
import { type ConfigOf, type ConfigProblem, env, flag, hostName, MalformedValue, plainText } from "./env.ts";
import { parseHosts } from "./list-syntax.ts";

/** Seconds with up to three decimals, as milliseconds. */
const secondsText = (least: number, most: number) => (text: string) => {
  if (!/^\d{1,4}(\.\d{1,3})?$/.test(text)) throw new MalformedValue("is not a number of seconds");
  const seconds = Number(text);
  if (seconds < least || seconds > most) throw new MalformedValue(`is not between ${least} and ${most}`);
  return Math.round(seconds * 1000);
};

/** One key, or the present one and those before it: messages are signed with the first and accepted with any. */
const keys = (text: string): string[] => {
  const list = plainText(text).split(" ").filter((k) => k !== "");
  const short = list.find((k) => k.length < 16);
  if (short !== undefined) throw new MalformedValue("holds a key of fewer than 16 characters");
  return list;
};

/** A lease is renewed at least this often while it lasts: two renewals may get lost. */
const renewalsPerLease = 3;

export const quorumVariables = {
  quorum: env("QUORUM", flag, {
    fallback: true,
    defaultText: "on",
    accepts: "on or off",
    doc: "off: no majority lease, failover is plain repmgr's and two primaries are possible.",
  }),
  observers: env<string[]>("QUORUM_OBSERVERS", parseHosts, {
    fallback: [],
    defaultText: "",
    accepts: "host names, separated by commas, each once",
    doc:
      "pgpool and barman containers that vote beside PARTNER_NODES: with two nodes and one observer there are three " +
      "votes. The same on all nodes and observers; an observer also needs PARTNER_NODES and CLUSTER_KEY or REPLICATION_PASSWORD.",
  }),
  leaseTtlMs: env("LEASE_TTL", secondsText(1, 60), {
    fallback: 5_000,
    defaultText: "5",
    accepts: "seconds, 1 to 60, with up to three decimals",
    doc: "How long a primary may go on without hearing from a majority of the voters; s. The same on all of them. " +
      "Raise it node by node; lower it only while the whole cluster is stopped.",
  }),
  leaseRenewMs: env("LEASE_RENEW_INTERVAL", secondsText(0.1, 20), {
    fallback: 1_000,
    defaultText: "1",
    accepts: "seconds, 0.1 to 20, at most a third of LEASE_TTL",
    doc: "How often the primary renews its lease; s.",
  }),
  clusterKeys: env<string[]>("CLUSTER_KEY", keys, {
    fallback: [],
    defaultText: "derived from REPLICATION_PASSWORD",
    accepts:
      "a key of at least 16 characters without spaces; while it is changed: new and old key, separated by a space",
    doc: "Signs what the containers of a cluster tell each other.",
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
    doc:
      "The nodes that vote beside QUORUM_OBSERVERS, the same as on the nodes; read where this container is an observer.",
    changed: "New.",
  }),
  networkName: env<string | null>("CLUSTER_NODE_NETWORK_NAME", hostName, {
    fallback: null,
    defaultText: "the container's hostname",
    accepts: "a host name or address",
    doc: "How the nodes reach this container: its name in QUORUM_OBSERVERS.",
    changed: "New.",
  }),
};

export type ObserverConfig = ConfigOf<typeof observerVariables>;

/** This container's name among the voters, or null where QUORUM_OBSERVERS is not set. */
export function observerName(config: ObserverConfig, hostname: string): string | null {
  return config.observers.length === 0 ? null : config.networkName ?? hostname;
}

/** What is wrong with an observer's variables together. */
export function observerProblems(config: ObserverConfig, hostname: string): ConfigProblem[] {
  const name = observerName(config, hostname);
  if (name === null) return [];
  const problems = partnerProblems(config.observers, config.partners);
  if (!config.observers.includes(name)) {
    problems.push({
      variable: "QUORUM_OBSERVERS",
      message: `QUORUM_OBSERVERS (${config.observers.join(",")}) does not name this container, ${JSON.stringify(name)}`,
      fix: "set CLUSTER_NODE_NETWORK_NAME to its name there, or leave QUORUM_OBSERVERS out where it is not to vote",
    });
  }
  return problems;
}

export type QuorumConfig = ConfigOf<typeof quorumVariables>;

/** What is wrong with these variables together. */
export function quorumProblems(config: QuorumConfig, partners: readonly string[]): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  if (config.leaseRenewMs * renewalsPerLease > config.leaseTtlMs) {
    problems.push({
      variable: "LEASE_RENEW_INTERVAL",
      message: `LEASE_RENEW_INTERVAL is ${config.leaseRenewMs / 1000} s, more than a third of LEASE_TTL ${
        config.leaseTtlMs / 1000
      } s`,
      fix: `set it to at most ${Math.floor(config.leaseTtlMs / renewalsPerLease) / 1000}, or raise LEASE_TTL`,
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
      message: `QUORUM_OBSERVERS names ${both}, which is in PARTNER_NODES too and votes as such`,
      fix: `leave ${both} out of QUORUM_OBSERVERS`,
    });
  }
  if (observers.length > 0 && partners.length === 0) {
    problems.push({
      variable: "QUORUM_OBSERVERS",
      message: "QUORUM_OBSERVERS is set and PARTNER_NODES is not: the voters are both together",
      fix: "set PARTNER_NODES to the same hosts as on the nodes",
    });
  }
  return problems;
}

/** The voters, in one order everywhere. */
export function electorateOf(partners: readonly string[], observers: readonly string[]): string[] {
  return [...new Set([...partners, ...observers])].toSorted();
}

/** Fewer voters than this cannot tell a lost node from a partition. */
export const leastVoters = 3;

export type LeaseMode = { on: true } | { on: false; because: string; fix: string };

/** Whether a majority lease decides who is primary. */
export function leaseModeOf(config: { quorum: boolean; electorate: readonly string[] }): LeaseMode {
  const fix = "name three voters or more: a third node in PARTNER_NODES, or a pgpool or barman container in " +
    "QUORUM_OBSERVERS of all of them";
  if (!config.quorum) {
    return { on: false, because: "QUORUM is off: failover is plain repmgr's, two primaries are possible", fix };
  }
  if (config.electorate.length === 0) {
    return { on: false, because: "PARTNER_NODES is empty: no majority, failover is plain repmgr's", fix };
  }
  if (config.electorate.length < leastVoters) {
    return {
      on: false,
      because: `${config.electorate.length} voters: no automatic failover, a lost node cannot be told from a partition`,
      fix: `${fix}, or set QUORUM=off for plain repmgr behaviour`,
    };
  }
  return { on: true };
}
