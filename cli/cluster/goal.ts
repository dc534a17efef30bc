// PURE: what a script may wait for, and why the cluster is not like that yet. What could not be seen never counts as reached.
import { parseBytes, parseDuration, sizeText } from "../../core/words/amounts.ts";
import { ExitCode, OperatorError } from "../../core/words/errors.ts";
import { diagnose } from "./diagnose.ts";
import type { Cluster } from "./gather.ts";

export type Goal =
  | { is: "healthy" }
  | { is: "primary"; node: string }
  | { is: "lag"; belowBytes: number };

/** The longest wait, milliseconds. */
const longestMs = 24 * 3_600_000;

/** "healthy", "primary=NODE" or "lag<SIZE". Throws an OperatorError with the accepted forms. */
export function parseGoal(text: string | undefined): Goal {
  const [, word, value = ""] = /^\s*(healthy|primary\s*=|lag\s*<)\s*(.*?)\s*$/.exec(text ?? "") ?? [];
  if (word === "healthy" && value === "") return { is: "healthy" };
  if (word?.startsWith("primary") && /^\S+$/.test(value)) return { is: "primary", node: value };
  const belowBytes = word?.startsWith("lag") ? parseBytes(value) : undefined;
  if (belowBytes !== undefined && belowBytes > 0) return { is: "lag", belowBytes };
  throw new OperatorError({
    what: text === undefined ? "It is not said what to wait for" : `${JSON.stringify(text)} is nothing to wait for`,
    fix: 'type --for healthy, --for primary=NODE, or --for "lag<SIZE" with a size above 0 such as 16MB, in quotes',
    exitCode: ExitCode.usage,
  });
}

/** Milliseconds; a minute if none is given. Throws an OperatorError with the accepted form. */
export function parseTimeout(text = "1m"): number {
  const ms = parseDuration(text);
  if (ms !== undefined && ms <= longestMs) return ms;
  throw new OperatorError({
    what: `${JSON.stringify(text)} is not a time to wait`,
    fix: "type --timeout with a number of seconds, or with a unit, such as 500ms, 30s, 5m or 1h; at most 24h",
    exitCode: ExitCode.usage,
  });
}

/** What is waited for, in words. */
export function goalText(goal: Goal): string {
  switch (goal.is) {
    case "healthy":
      return "the cluster to be healthy";
    case "primary":
      return `${goal.node} to be primary`;
    case "lag":
      return `every standby to be less than ${sizeText(goal.belowBytes)} behind`;
  }
}

/** Why the cluster is not as it is waited for; null: it is. */
export function unmet(goal: Goal, cluster: Cluster): string | null {
  if (cluster.nodes.length === 0) return "no node can be seen";
  switch (goal.is) {
    case "healthy":
      return diagnose(cluster).filter((f) => f.level === "error").map((f) => `${f.about}: ${f.what}`).join("; ") ||
        null;
    case "primary":
      return otherPrimary(goal.node, cluster);
    case "lag":
      return behind(goal.belowBytes, cluster);
  }
}

function otherPrimary(name: string, { primary, nodes, members }: Cluster): string | null {
  if (primary && (primary.host === name || primary.status.node.name === name)) return null;
  const known = members.some((m) => m.host === name) || nodes.some((n) => n.status.node.name === name);
  const unknown = known ? "" : `; no node is called ${name}, known are ${members.map((m) => m.host).join(", ")}`;
  return primary ? `${primary.host} is the primary${unknown}` : `no primary is in sight${unknown}`;
}

function behind(belowBytes: number, { primary, nodes, members }: Cluster): string | null {
  if (primary === null) return "no primary is in sight";
  const named = nodes.flatMap(({ status: { partners, postgres } }) => [
    ...partners,
    ...(postgres.registered ?? []).map((r) => r.host),
  ]);
  const silent = members.flatMap((m) => "error" in m && named.includes(m.host) ? [`${m.host} cannot be seen`] : []);
  const standbys = nodes.filter((n) => n !== primary && n.host !== primary.host);
  if (standbys.length + silent.length === 0) return "there is no standby";
  const late = standbys.flatMap(({ host, status: { postgres: { role, upstream, lagBytes } } }) => {
    if (role !== "standby") return [`${host} is not a running standby`];
    if (upstream?.streaming !== true) return [`${host} does not stream`];
    if (lagBytes === null) return [`how far ${host} is behind is not known`];
    return lagBytes < belowBytes ? [] : [`${host} is ${sizeText(lagBytes)} behind`];
  });
  return [...silent, ...late].join("; ") || null;
}
