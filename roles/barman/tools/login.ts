// How the role's own SQL reaches a node.
import type { Barman } from "../state.ts";
import type { Login } from "./queries.ts";

/** The login of POSTGRES_USER on a node. */
export function loginTo(host: string, { config, peers }: Pick<Barman, "config" | "peers">): Login {
  return {
    host,
    names: peers.names,
    port: config.replicationPort,
    user: config.postgresUser,
    password: config.postgresPassword,
    database: config.postgresDb,
    trust: config,
    connectTimeoutSeconds: config.connectTimeoutSeconds,
  };
}
