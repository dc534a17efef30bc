// PURE: the settings that must not be lower on a server in recovery than on the primary whose WAL it replays (manual, 26.4.4).
import { quoteSetting } from "../../../core/postgres/conninfo.ts";

/** Those settings, by their names in pg_controldata. */
const atLeast = {
  max_connections: "max_connections setting",
  max_worker_processes: "max_worker_processes setting",
  max_wal_senders: "max_wal_senders setting",
  max_prepared_transactions: "max_prepared_xacts setting",
  max_locks_per_transaction: "max_locks_per_xact setting",
} as const;

/** PostgreSQL's own defaults (manual, 19). */
const defaults: Readonly<Record<keyof typeof atLeast, number>> = {
  max_connections: 100,
  max_worker_processes: 8,
  max_wal_senders: 10,
  max_prepared_transactions: 0,
  max_locks_per_transaction: 64,
};

/** A setting that was raised: what CONFIGS asks for, and what the primary had. */
export interface Raised {
  name: string;
  own: number;
  primary: number;
}

/** What counts in the text of a configuration file: the last line, with or without quotes. */
function valueIn(text: string, name: string): number | null {
  const found = [...text.matchAll(new RegExp(`^\\s*${name}\\s*=?\\s*'?(\\d+)'?\\s*$`, "gmi"))].at(-1)?.[1];
  return found === undefined ? null : Number(found);
}

/** What pg_controldata says of the primary's setting; 0: it does not say. */
export function primaryHas(name: string, controlData: string): number {
  const label = atLeast[name as keyof typeof atLeast];
  return Number(new RegExp(`^${label}:\\s+(\\d+)$`, "m").exec(controlData)?.[1] ?? 0);
}

/** The settings that are lower here than `controlData`, the output of pg_controldata, says of the primary. */
export function tooLow(files: { conf: string; autoConf: string }, controlData: string): Raised[] {
  const names = Object.keys(atLeast) as (keyof typeof atLeast)[];
  return names.flatMap((name) => {
    const primary = primaryHas(name, controlData);
    const own = valueIn(files.autoConf, name) ?? valueIn(files.conf, name) ?? defaults[name];
    return primary > own ? [{ name, own, primary }] : [];
  });
}

/** `conf`, the postgresql.conf of this node, with these settings raised. */
export function withRaised(conf: string, raised: readonly Raised[]): string {
  if (raised.length === 0) return conf;
  const lines = raised.map(({ name, primary }) => `${name} = ${quoteSetting(String(primary))}`);
  return [conf.trimEnd(), "# Raised to what the primary has:", ...lines, ""].join("\n");
}

/** What to type about it. */
export const raisedFix = ({ name, primary }: Raised) =>
  `set ${name}:${primary} in CONFIGS of this node too, or lower it on the primary first`;
