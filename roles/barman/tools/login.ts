// How the role's own SQL reaches a node.
import type { BarmanConfig } from "../../../config/barman.ts";
import type { Login } from "./queries.ts";

/** The login of POSTGRES_USER on a node. */
export function loginTo(host: string, config: BarmanConfig): Login {
  return {
    host,
    port: config.replicationPort,
    user: config.postgresUser,
    password: config.postgresPassword,
    database: config.postgresDb,
    connectTimeoutSeconds: config.connectTimeoutSeconds,
  };
}
