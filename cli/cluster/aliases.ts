// PURE: a node that was asked by two names, as where pgpool or barman know it by another one, is one node.
import type { AnyStatus } from "../../core/protocol/status.ts";

type Asked = { host: string } & ({ status: AnyStatus } | { error: string });

/** Without the second names, but for those that nodes know: PARTNER_NODES with a wrong name is a finding. */
export function withoutAliases<Member extends Asked>(members: readonly Member[]): Member[] {
  const nodes = members.flatMap((m) =>
    "status" in m && m.status.component === "postgres-node" ? [{ host: m.host, status: m.status }] : []
  );
  const known = new Set(nodes.flatMap(({ status }) => [...status.partners, ...status.lease.voters]));
  const aliases = nodes.filter(({ host, status: { node } }) =>
    host !== node.host && !known.has(host) &&
    nodes.some((n) => n.host === node.host && n.status.node.id === node.id && n.status.node.host === node.host)
  );
  return members.filter((m) => !aliases.some((a) => a.host === m.host));
}
