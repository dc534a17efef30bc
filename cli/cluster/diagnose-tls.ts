// PURE: what is wrong with the TLS of the nodes, and what to type.
import { type Finding, warning } from "./finding.ts";
import type { Trouble } from "../../core/protocol/trouble.ts";
import type { Cluster } from "./gather.ts";

/** Files that are wrong or will be, in any container, and nodes that have no TLS while others have. */
export function tls({ nodes, members }: Pick<Cluster, "nodes" | "members">): Finding[] {
  const of = (host: string, faults: readonly Trouble[] = []) =>
    faults.map(({ because, fix }) =>
      warning(host, because, fix, "connections that need TLS fail, now or once the file is read again")
    );
  const faults = [
    ...nodes.flatMap(({ host, status }) => of(host, status.tls?.faults)),
    ...members.flatMap((member) => "status" in member ? of(member.host, member.status.tlsFaults) : []),
  ];
  const having = (on: boolean) => nodes.filter(({ status }) => status.tls?.on === on).map((n) => n.host).join(", ");
  const [have, lack] = [having(true), having(false)];
  if (have === "" || lack === "") return faults;
  const what =
    `TLS is on at ${have}, and off at ${lack}: where pg_hba.conf has only hostssl lines, nobody gets in there`;
  const fix = "set the same TLS on every node; with TLS=off, ssl:on, ssl_cert_file and ssl_key_file in CONFIGS of each";
  return [...faults, warning("cluster", what, fix, "clients that ask for TLS are lost when the primary moves")];
}
