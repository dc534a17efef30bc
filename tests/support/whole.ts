// PURE: whether a cluster is whole, from what each of its nodes says.
import type { NodeStatus, PgpoolStatus } from "../../core/protocol/status.ts";

/** What a node said; null: nothing. */
export interface Said {
  service: string;
  status: NodeStatus | null;
}

/** The primary, if exactly one node is one and all others stream from a node of the cluster on its timeline. */
export function primaryOfWhole(seen: readonly Said[]): string | null {
  const primary = seen.filter((s) => s.status?.postgres.role === "primary");
  const timeline = primary[0]?.status?.postgres.timeline;
  const whole = primary.length === 1 &&
    seen.every(({ status }) =>
      status !== null && status.phase === "running" && status.postgres.timeline === timeline &&
      (status.postgres.role === "primary" || streamsWhereItBelongs(status, primary[0]!.status!)) &&
      isRegistered(status)
    );
  return whole ? primary[0]!.service : null;
}

/** Nodes of the first level stream from the primary itself, which sees them, too: a connection may just have been replaced. */
function streamsWhereItBelongs({ node, partners, postgres }: NodeStatus, primary: NodeStatus): boolean {
  if (postgres.upstream?.streaming !== true) return false;
  if (postgres.upstream.host !== primary.node.host) return partners.length === 0;
  return primary.postgres.downstream.some((d) => d.applicationName === node.name && d.state === "streaming");
}

/** repmgr's record of the node says what the node is. */
function isRegistered(status: NodeStatus): boolean {
  const record = status.postgres.registered?.find((r) => r.nodeId === status.node.id);
  return record !== undefined && record.active && record.type === status.postgres.role;
}

/** pgpool has all these backends attached, and writes to the primary. */
export function poolServes({ backends, primary }: PgpoolStatus, attached: readonly string[]): boolean {
  const up = backends.filter((b) => b.status === "up" || b.status === "waiting").map((b) => b.host);
  const writes = backends.find((b) => b.role === "primary" && up.includes(b.host));
  return attached.every((host) => up.includes(host)) && writes?.host === primary;
}

/** A node in a few words. */
export function describe(status: NodeStatus | null): string {
  if (status === null) return "no answer";
  const { role, timeline, upstream } = status.postgres;
  return `${status.phase} ${role} timeline ${timeline}${
    upstream ? ` from ${upstream.host}${upstream.streaming ? "" : " (not streaming)"}` : ""
  }`;
}
