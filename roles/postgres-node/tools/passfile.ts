// The passfile with which this node's server, repmgr and the PostgreSQL tools log in to other nodes.
import type { NodeConfig } from "../../../config/postgres-node.ts";
import { renderPgpassLine } from "../../../core/postgres/conninfo.ts";
import { postgresAccount } from "../../../core/runtime/command.ts";
import { writeAtomic } from "../../../core/runtime/files.ts";
import { passfilePath } from "../text/repmgr-conf.ts";

/** Writes it whole, with REPLICATION_PASSWORD as it is in use. */
export async function writePassfile(
  { replicationUser, replicationPassword }: Pick<NodeConfig, "replicationUser" | "replicationPassword">,
): Promise<void> {
  const line = renderPgpassLine(replicationUser, replicationPassword);
  await writeAtomic(passfilePath, line, { mode: 0o600, owner: postgresAccount });
}
