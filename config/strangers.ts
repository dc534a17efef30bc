// Environment variables that look like PostDock's but are not: misspelt names, and names that only 1.x read.
import type { Variables } from "./env.ts";

/** Names that 1.x read or declared, and why nothing reads them now. */
export const retired: Readonly<Record<string, string>> = {
  MASTER_SLAVE_SWITCH: "it was internal to 1.x; a node's role now follows from the state of the cluster",
  CURRENT_REPLICATION_PRIMARY_HOST: "it was internal to 1.x; set REPLICATION_PRIMARY_HOST to the upstream",
  NOTVISIBLE: "1.x did not read it either",
};

/** Set in the postgres image for users' own shell and SQL commands; PostDock does not read them. */
export const forScripts: Readonly<Record<string, string>> = {
  REPMGR_NODES_TABLE: "nodes",
  REPMGR_SHOW_NODES_TABLE: "show_nodes",
  REPMGR_NODE_ID_COLUMN: "node_id",
  REPMGR_NODE_NAME_COLUMN: "node_name",
  REPMGR_SLOT_NAME_PREFIX: "repmgr_slot_",
};

/** One warning for each name in the environment that is retired, or that looks like a misspelt known name. */
export function strangers(environment: readonly string[], roles: readonly Variables[]): string[] {
  const names = roles.flatMap((variables) => Object.values(variables).map((v) => v.name));
  const known = new Set([...names.flatMap((n) => [n, `${n}_FILE`]), ...Object.keys(forScripts)]);
  return environment.filter((name) => !known.has(name)).sort().flatMap((name) => {
    if (Object.hasOwn(retired, name)) return [`${name} is no longer read: ${retired[name]}`];
    const meant = [...known].find((k) => isClose(name, k));
    return meant === undefined ? [] : [`${name} is not a variable of PostDock and is ignored; did you mean ${meant}?`];
  });
}

/** Different case or separators, or at most two typing errors (one in a name of fewer than eight letters). */
function isClose(name: string, known: string): boolean {
  const plain = (text: string) => text.toUpperCase().replace(/[^A-Z0-9]/g, "");
  if (plain(name) === plain(known)) return true;
  const allowed = Math.min(name.length, known.length) >= 8 ? 2 : 1;
  return Math.min(name.length, known.length) >= 5 && typingErrors(name, known) <= allowed;
}

/** Optimal string alignment: the number of letters inserted, omitted, replaced, or swapped with their neighbour. */
export function typingErrors(a: string, b: string): number {
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const above = rows[i - 1]!;
      const replaced = above[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
        ? rows[i - 2]![j - 2]! + 1
        : Infinity;
      row.push(Math.min(above[j]! + 1, row[j - 1]! + 1, replaced, swapped));
    }
    rows.push(row);
  }
  return rows[a.length]![b.length]!;
}
