// PURE postgresql.auto.conf, which ALTER SYSTEM writes, and which counts more than postgresql.conf.
import type { Setting } from "../../../config/list-syntax.ts";
import { quoteSetting } from "../../../core/postgres/conninfo.ts";

/** A line of postgresql.auto.conf, which ALTER SYSTEM writes. */
export interface AlteredSetting extends Setting {
  line: number;
}

/** What postgresql.auto.conf sets; its lines count from 1. */
export function parseAutoConf(text: string): AlteredSetting[] {
  return text.split("\n").flatMap((line, i) => {
    const [, name, quoted, plain] = /^\s*([A-Za-z_][\w.]*)\s*=?\s*(?:'((?:[^'\\]|''|\\.)*)'|([^'#\s]\S*))/.exec(line) ??
      [];
    if (name === undefined) return [];
    const value = quoted?.replaceAll("''", "'").replaceAll(/\\(.)/g, "$1") ?? plain ?? "";
    return [{ name: name.toLowerCase(), value, line: i + 1 }];
  });
}

/** postgresql.auto.conf with these settings replaced (null: removed); other lines, from ALTER SYSTEM, stay. */
export function replaceAutoConf(text: string, settings: Readonly<Record<string, string | null>>): string {
  const kept = text.split("\n").filter((line) => {
    const name = /^\s*([A-Za-z_][A-Za-z0-9_.]*)\s*=?/.exec(line)?.[1]?.toLowerCase();
    return line.trim() !== "" && (name === undefined || !Object.hasOwn(settings, name));
  });
  const added = Object.entries(settings).flatMap(([name, value]) =>
    value === null ? [] : [`${name} = ${quoteSetting(value)}`]
  );
  return [...kept, ...added, ""].join("\n");
}

/** The setting, of those that an operator has set, that a message of PostgreSQL is about: it has its name, or its value in quotes. */
export function blamed<S extends Setting>(message: string, settings: readonly S[]): S | null {
  const words = message.replaceAll(/[_\s]+/g, " ").toLowerCase();
  const says = (text: string) => new RegExp(`(^|[^\\w])${RegExp.escape(text)}([^\\w]|$)`).test(words);
  const byName = settings.findLast(({ name }) =>
    says(name.replaceAll("_", " ").toLowerCase()) || (name === "ssl" && /\b(certificate|private key)\b/.test(words))
  );
  return byName ?? settings.findLast(({ value }) => message.includes(`"${value}"`)) ?? null;
}

/** How to take back what ALTER SYSTEM wrote, without a server. */
export function takeBackText({ name, value, line }: AlteredSetting): string {
  return `ALTER SYSTEM set ${name} = '${value}' (postgresql.auto.conf, line ${line}): take it back in this container by ` +
    `sed -i '/^${name} /d' $PGDATA/postgresql.auto.conf; the start is tried again by itself`;
}
