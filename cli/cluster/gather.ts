// What the CLI knows: its key, the hosts of the cluster, and what each of them reports. Runs in any container.
import { z } from "zod";
import { env, plainText, readConfig } from "../../config/env.ts";
import { parseHosts } from "../../config/list-syntax.ts";
import { publishedPasswords } from "../../config/published.ts";
import { quorumVariables } from "../../config/quorum.ts";
import * as shared from "../../config/shared.ts";
import type { Context } from "../../core/runtime/context.ts";
import { ControlClient } from "../../core/client/control-client.ts";
import { choosePrimary, reportOf } from "../../core/protocol/choose-primary.ts";
import { errorText, ExitCode, OperatorError } from "../../core/words/errors.ts";
import { withoutAliases } from "./aliases.ts";
import { HttpError, Peers } from "../../core/client/peers.ts";
import { httpPortOf } from "../../core/protocol/port.ts";
import { clusterKeys } from "../../core/protocol/signing.ts";
import { ConfigError } from "../../core/runtime/start.ts";
import { readAnyStatus } from "../../core/protocol/read-status.ts";
import type { AnyStatus, NodeStatus } from "../../core/protocol/status.ts";

const variables = {
  replicationPassword: shared.replicationPassword,
  clusterKeys: quorumVariables.clusterKeys,
  observers: quorumVariables.observers,
  partners: env<string[]>("PARTNER_NODES", parseHosts, { fallback: [], accepts: "host names", doc: "" }),
  backends: env("BACKENDS", plainText, { fallback: "", accepts: "text", doc: "" }),
  hosts: env<string[]>("REPLICATION_HOST", parseHosts, { fallback: [], accepts: "host names", doc: "" }),
};

const askMs = 2_000;

/** Addresses by name, as the agent of this container answers. */
const Addresses = z.record(z.string(), z.string());

export type Member = { host: string } & ({ status: AnyStatus; clockAheadMs: number } | { error: string });

/** What one run of a command needs to ask the cluster; made once, when it starts. */
export interface Session {
  context: Context;
  peers: Peers;
  client: ControlClient;
  /** the hosts that this container's variables name */
  named: readonly string[];
  /** how long each host has to answer, milliseconds */
  askMs: number;
}

export interface Cluster {
  members: readonly Member[];
  /** the nodes that answered, by host */
  nodes: readonly { host: string; status: NodeStatus }[];
  primary: { host: string; status: NodeStatus } | null;
}

/** Reads this container's variables. Throws ConfigError with every problem. */
export function openSession(context: Context): Session {
  const read = readConfig(variables, context);
  if (!read.ok) throw new ConfigError(read.problems);
  const { config } = read;
  const peers = new Peers(context.clock, httpPortOf(context));
  const keys = clusterKeys(config.clusterKeys, config.replicationPassword);
  const { clusterKeys: given, replicationPassword: REPLICATION_PASSWORD } = config;
  const isPublic = given.length === 0 && publishedPasswords({ REPLICATION_PASSWORD }).length > 0;
  return {
    context,
    peers,
    client: new ControlClient(keys, peers, context.clock, isPublic),
    named: [...config.partners, ...config.observers, ...config.hosts, ...backendHosts(config.backends)],
    askMs,
  };
}

/** Asks all hosts that this container's variables and its agent name, then the hosts that those name. */
export async function gather(session: Session): Promise<Cluster> {
  return clusterOf(withoutAliases(await lookAround(session)));
}

async function lookAround(session: Session): Promise<Member[]> {
  const [own] = await Promise.all([ask("localhost", session), learnAddresses(session)]);
  // a node is asked without its name, which DNS may not tell it now
  const ownHost = "status" in own && own.status.component === "postgres-node" ? own.status.node.host : null;
  if (ownHost !== null) session.peers.names.learn({ [ownHost]: "127.0.0.1" });
  let members: Member[] = ownHost === null ? [] : [{ ...own, host: ownHost }];
  for (let round = 0; round < 3; round++) {
    const named = round === 0 ? [...session.named, ...namesOf(members)] : namesOf(members);
    const more = named.filter((host) => !members.some((m) => m.host === host));
    if (more.length === 0) break;
    members = [...members, ...await askAll(more, session)];
  }
  members = members.toSorted((a, b) => a.host.localeCompare(b.host));
  return "status" in own && (members.length === 0 || isUnnamed(own.status, members)) ? [...members, own] : members;
}

/**
 * For what an order, an answer to a script or a plan rests on: only nodes that have signed what they report count. They are asked
 * again for that, all in one moment. `fresh`: each looks at its server first, since what nodes have seen up to a second ago does
 * not show which of them has more WAL. What claims to be a node asked by another name has to sign that, too: it is left out.
 */
export async function gatherSigned(session: Session, fresh = false): Promise<Cluster> {
  const members = await lookAround(session);
  const signed = await Promise.all(members.map(async (member): Promise<Member> => {
    if (!("status" in member) || member.status.component !== "postgres-node") return member;
    const said = await session.client.askNode(member.host, { timeoutMs: askMs, fresh });
    return said.seen === "reached" ? { ...member, status: said.status } : { host: member.host, error: said.error };
  }));
  return clusterOf(withoutAliases(signed));
}

function clusterOf(members: readonly Member[]): Cluster {
  const nodes = members.flatMap((m) =>
    "status" in m && m.status.component === "postgres-node" ? [{ host: m.host, status: m.status }] : []
  );
  const chosen = choosePrimary(nodes.map((n) => reportOf(n.host, n.status)), null);
  return { members, nodes, primary: nodes.find((n) => n.host === chosen?.host) ?? null };
}

/** The agent of this container keeps the last good addresses: a command that starts while DNS is silent takes them from it. */
async function learnAddresses({ peers }: Session): Promise<void> {
  const known = await peers.getText("localhost", "/addresses", askMs).then(JSON.parse).catch(() => ({}));
  peers.names.learn(Addresses.catch({}).parse(known));
}

/** What a member is called: a pgpool or barman container that nobody names is seen from inside only, and called by what it is. */
export const calledOf = (m: Cluster["members"][number]) =>
  m.host === "localhost" && "status" in m ? m.status.component : m.host;

/** A pgpool or barman container that nobody names: this one can be seen from here only. */
function isUnnamed({ component }: AnyStatus, members: readonly Member[]): boolean {
  return component !== "postgres-node" && !members.some((m) => "status" in m && m.status.component === component);
}

function backendHosts(backends: string): string[] {
  return backends.split(",").flatMap((b) => b.split(":")[1] ?? []).filter((h) => h !== "");
}

async function askAll(hosts: readonly string[], session: Session): Promise<Member[]> {
  const names = [...new Set(hosts)].filter((h) => h !== "").toSorted();
  return await Promise.all(names.map((name) => ask(name, session)));
}

async function ask(host: string, { peers, context, askMs }: Session): Promise<Member> {
  const wallMs = context.clock.wallMs();
  try {
    const { body, headers, status } = await peers.getAnswer(host, "/status", askMs);
    if (status !== 200) throw new HttpError("/status", status, body.slice(0, 200));
    const read = readAnyStatus(JSON.parse(body));
    if (!read.ok) return { host, error: `it answers, and its /status is not understood here: ${read.why}` };
    const theirMs = Date.parse(String(headers.date ?? "")); // HTTP's own header, whole seconds
    const clockAheadMs = Number.isNaN(theirMs) ? 0 : theirMs - wallMs;
    return { host, status: read.status, clockAheadMs };
  } catch (error) {
    return { host, error: errorText(error) };
  }
}

/** What any container says is a name: it is looked up, and stands in what people are told to type. */
const couldBeHost = (name: string) => /^[A-Za-z0-9_][A-Za-z0-9_.:-]{0,252}$/.test(name);

function namesOf(members: readonly Member[]): string[] {
  return members.flatMap((m) => {
    if (!("status" in m) || m.status.component !== "postgres-node") return [];
    const { node, partners, lease, postgres } = m.status;
    const upstream = postgres.upstream ? [postgres.upstream.host] : [];
    const registered = (postgres.registered ?? []).map((r) => r.host);
    return [node.host, ...partners, ...lease.voters, ...upstream, ...registered].filter(couldBeHost);
  });
}

/** The refusal of what cannot be done while a node is restored from a backup, with what ends that; null if none is. */
export function restoreUnderWay({ nodes }: Pick<Cluster, "nodes">): OperatorError | null {
  const node = nodes.find((n) => n.status.restore !== null);
  if (!node?.status.restore) return null;
  const { step, target, trouble } = node.status.restore;
  const state = trouble === null ? step : `${step}; trouble: ${trouble}`;
  return new OperatorError({
    what: `${node.host} is being restored to ${target} (${state}), and no other node may lead until that has ended`,
    fix: step === "holding"
      ? "in the barman container type postdock barman restore finish, or postdock barman restore abort"
      : "in the barman container type postdock barman restore resume to watch it, or postdock barman restore abort",
    exitCode: ExitCode.refused,
  });
}

/** The primary. Throws an OperatorError if none is in sight. */
export function thePrimary(cluster: Cluster): { host: string; status: NodeStatus } {
  if (cluster.primary) return cluster.primary;
  const restore = restoreUnderWay(cluster);
  if (restore) throw restore;
  const said = cluster.members.map((m) => "error" in m ? `${m.host} does not answer` : `${m.host}: ${m.status.doing}`);
  throw new OperatorError({
    what: "No primary is in sight",
    why: said.join("; "),
    fix: cluster.nodes.some((n) => n.status.paused.on)
      ? "automatic failover is paused: type `postdock cluster resume`, or start the node that was the primary"
      : "start the nodes that do not answer; if they are gone for good, type: postdock cluster failover --force NODE",
    exitCode: ExitCode.unavailable,
  });
}
