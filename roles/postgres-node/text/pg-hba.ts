// PURE pg_hba.conf, as a fresh cluster gets it.
import type { NodeConfig } from "../../../config/postgres-node.ts";
import { refusedWithoutTls } from "../../../core/postgres/tls.ts";

const quoted = (name: string) => `"${name.replaceAll('"', '""')}"`;

/** pg_hba.conf of a new cluster: the local socket without a password, everything else by POSTGRES_HOST_AUTH_METHOD. */
export function renderPgHba(
  config: Pick<NodeConfig, "hostAuthMethod" | "replicationUser" | "postgresUser">,
): string {
  const { hostAuthMethod: method, replicationUser, postgresUser } = config;
  const own = [replicationUser, postgresUser].map(quoted);
  // the nodes, pgpool and barman have passwords, and no certificates
  const ours = method !== "reject" && method !== "cert" ? [] : [
    "# PostDock's own connections: nodes, pgpool, barman",
    `host    all          ${own.join(",")}  all  scram-sha-256`,
    `host    replication  ${own[0]}  all  scram-sha-256`,
  ];
  const type = method === "cert" ? "hostssl" : "host   ";
  return [
    "# Written by PostDock when the cluster was made; yours to edit, standbys copy it when they clone.",
    "# type  database     user  address  method",
    "local   all          all            trust",
    "local   replication  all            trust",
    ...ours,
    `${type} all          all   all      ${method}`,
    `${type} replication  all   all      ${method}`,
    "",
  ].join("\n");
}

const head = [
  "# BEGIN PostDock: follows from TLS and PG_HBA, and is written again at every start",
  "# END PostDock",
] as const;

type Head = Pick<NodeConfig, "pgHba" | "postgresUser" | "replicationUser" | "tls">;

/**
 * pg_hba.conf with the lines before all others that refuse connections without TLS, and those of PG_HBA. Before the latter stand
 * those with which the cluster's own containers log in. Without any there is no head.
 */
export function withHead(text: string, config: Head): string {
  const rest = text.replace(new RegExp(`^${head[0]}\\n[^]*?^${head[1]}\\n`, "m"), "");
  const lines = [...refusedWithoutTls(config, quoted(config.replicationUser)), ...ownRules(config)];
  return lines.length === 0 ? rest : [head[0], ...lines, head[1], rest].join("\n");
}

function ownRules(config: Head): readonly string[] {
  const { pgHba, postgresUser, replicationUser } = config;
  if (pgHba.length === 0) return [];
  const own = [...new Set(["postgres", postgresUser, replicationUser])].map(quoted).join(",");
  return [
    `local all ${own} trust`,
    `local replication ${own} trust`,
    `host all ${[...new Set([postgresUser, replicationUser])].map(quoted).join(",")} all scram-sha-256`,
    `host replication ${quoted(replicationUser)} all scram-sha-256`,
    ...pgHba,
  ];
}
