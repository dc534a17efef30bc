// PURE: commands that are typed in the barman container to look at restored data, and to take a table back.
import { renderKeywords } from "../../core/postgres/conninfo.ts";

/** How the barman container reaches the cluster. Passwords are in the passfile of the user postgres. */
export interface Way {
  hosts: readonly string[];
  replicationPort: number;
  postgresUser: string;
  postgresDb: string;
}

/** A word of a shell: in quotes, unless it is plain. */
const word = (text: string): string => /^[\w./:@,=-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;

function conninfo(hosts: readonly string[], way: Way, more: Record<string, string> = {}): string {
  const { replicationPort: port, postgresUser: user, postgresDb: dbname } = way;
  return word(renderKeywords({ host: hosts.join(","), port, user, dbname, ...more }));
}

/** psql on one node. */
export const lookAt = (host: string, way: Way): string => `gosu postgres psql ${conninfo([host], way)}`;

/** A table of a copy that runs in this directory, back into whichever node is the primary now. */
export function copyBack(directory: string, way: Way): string {
  const from = `gosu postgres pg_dump -h ${word(directory)} -c --if-exists -t TABLE ${word(way.postgresDb)}`;
  const primary = conninfo(way.hosts, way, { target_session_attrs: "read-write" });
  return `${from} | gosu postgres psql -1 -v ON_ERROR_STOP=1 ${primary}`;
}
