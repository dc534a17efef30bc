// Every SQL statement on repmgr's tables, with parsed rows.
import { z } from "zod";
import { conninfoValue } from "../../../core/postgres/conninfo.ts";
import type { RegisteredNode } from "../../../core/protocol/status.ts";
import type { Sql } from "./queries.ts";

const NodeRow = z.object({
  node_id: z.number(),
  node_name: z.string(),
  conninfo: z.string(),
  type: z.string(),
  upstream_node_id: z.number().nullable(),
  active: z.boolean(),
  priority: z.number(),
}).transform((row): RegisteredNode => ({
  nodeId: row.node_id,
  nodeName: row.node_name,
  host: conninfoValue(row.conninfo, "host") ?? "",
  port: Number(conninfoValue(row.conninfo, "port") ?? 5432),
  type: row.type,
  upstreamNodeId: row.upstream_node_id,
  active: row.active,
  priority: row.priority,
  holdsPassword: conninfoValue(row.conninfo, "password") !== undefined,
}));

/** repmgr.nodes; null if the table does not exist. */
export async function readRegisteredNodes(sql: Sql): Promise<RegisteredNode[] | null> {
  const present = await sql`select to_regclass('repmgr.nodes') is not null as present`;
  if (present[0]?.present !== true) return null;
  const rows = await sql`
    select node_id, node_name, conninfo, type, upstream_node_id, active, priority from repmgr.nodes order by node_id`;
  return z.array(NodeRow).parse([...rows]);
}

/** Whether repmgrd is paused on this node; false if repmgr is not there yet. */
export async function isRepmgrdPaused(sql: Sql): Promise<boolean> {
  const present = await sql`select to_regproc('repmgr.repmgrd_is_paused') is not null as present`;
  if (present[0]?.present !== true) return false;
  const rows = await sql`select repmgr.repmgrd_is_paused() as paused`;
  return rows[0]?.paused === true;
}

export async function unpauseRepmgrd(sql: Sql): Promise<void> {
  await sql`select repmgr.repmgrd_pause(false)`;
}

/** Marks records of other nodes that still say primary as inactive. Returns their node ids. */
export async function retireOtherPrimaries(sql: Sql, nodeId: number): Promise<number[]> {
  if (await readRegisteredNodes(sql) === null) return [];
  const rows = await sql`
    update repmgr.nodes set active = false where type = 'primary' and active and node_id <> ${nodeId} returning node_id`;
  return rows.map((row) => z.number().parse(row.node_id));
}

/** Removes the records of these nodes. Those that name one as their upstream are corrected by their own nodes. */
export async function removeNodes(sql: Sql, nodeIds: readonly number[]): Promise<void> {
  const ids = nodeIds.join();
  await sql`
    with gone as (select unnest(string_to_array(${ids}, ',')::int[]) as id),
      below as (update repmgr.nodes set upstream_node_id = null
        where upstream_node_id in (select id from gone) and node_id not in (select id from gone))
    delete from repmgr.nodes where node_id in (select id from gone)`;
}
