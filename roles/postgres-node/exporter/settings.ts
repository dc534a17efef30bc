// PURE: every setting that is a number or a switch, as postgres_exporter names it: in seconds or bytes, with that unit in the name.
import type { Family } from "../../../core/words/family.ts";
import type { Row } from "./source.ts";

export const settingsSql = `select name, setting, coalesce(unit, '') as unit, vartype, short_desc
  from pg_settings where vartype in ('bool', 'integer', 'real') order by name`;

const seconds: Readonly<Record<string, number>> = { us: 1e-6, ms: 1e-3, s: 1, min: 60, h: 3_600, d: 86_400 };
const bytes: Readonly<Record<string, number>> = { B: 1, kB: 2 ** 10, MB: 2 ** 20, GB: 2 ** 30, TB: 2 ** 40 };

/** What the rows of settingsSql say. A unit that nobody knows leaves its setting out. */
export function settingFamilies(rows: readonly Row[], server: string): Family[] {
  return rows.flatMap((row) => {
    const scaled = row.vartype === "bool"
      ? { value: Number(row.setting === "on"), suffix: "" }
      : inBaseUnit(Number(row.setting), String(row.unit));
    if (scaled === null) return [];
    const name = `pg_settings_${String(row.name).replaceAll(/[^A-Za-z0-9_]/g, "_")}${scaled.suffix}`;
    const samples = [{ labels: { server }, value: scaled.value }];
    return [{ name, type: "gauge", help: String(row.short_desc), samples }];
  });
}

/** -1 says "none" or "the default" in many settings, so it stays what it is. Units may have a factor, as 8kB. */
function inBaseUnit(value: number, unit: string): { value: number; suffix: string } | null {
  const [, factor = "", base = ""] = /^(\d*)([A-Za-z]*)$/.exec(unit) ?? [];
  const scale = seconds[base] ?? bytes[base];
  if (unit === "") return { value, suffix: "" };
  if (scale === undefined) return null;
  const suffix = base in seconds ? "_seconds" : "_bytes";
  return { value: value === -1 ? -1 : value * scale * Number(factor || 1), suffix };
}
