// PURE: what is wrong with the settings of this node's server.
import type { Setting } from "../../../config/list-syntax.ts";
import type { NodeConfig } from "../../../config/postgres-node.ts";
import { breaksConsistency, wordOf } from "../../../config/durability.ts";
import type { ServerFacts } from "../../../core/protocol/server-facts.ts";
import type { Trouble } from "../../../core/protocol/trouble.ts";
import type { AlteredSetting } from "../text/auto-conf.ts";
import { slotCopyTroubles } from "./slot-troubles.ts";
import { type Raised, raisedFix } from "../text/raised-settings.ts";

/** A setting that was raised at the last start; `needed`: the primary still has more than CONFIGS ask for here. */
export type RaisedSetting = Raised & { needed: boolean };

/** Where a setting stands. */
interface Place {
  file: string;
  line: number;
}

/** What the running server says of its settings. */
export interface SettingsSeen {
  /** what it does not take of its files */
  wrong: readonly (Place & { name: string | null; value: string | null; error: string })[];
  /** what waits for a restart: the value in force, and the one in a file; null: PostgreSQL's own value */
  waiting: readonly { name: string; now: string; next: (Place & { value: string }) | null }[];
  /** values in force that decide what the agent hears of the server, and whether its data survive a crash */
  inForce: readonly Setting[];
  /** what ALTER ROLE and ALTER DATABASE have set; `of`: the role and the database */
  ofRoles: readonly (Setting & { of: string })[];
  /** WAL files that archive_command or archive_library has not taken yet; null: archive_mode is off */
  toArchive: number | null;
  facts: ServerFacts;
}

export interface SettingsView {
  config: Pick<NodeConfig, "host" | "consistency" | "settings">;
  role: "primary" | "standby";
  raised: readonly RaisedSetting[];
  altered: readonly AlteredSetting[];
  seen: SettingsSeen;
}

/** Ends the server in place; the agent starts it again. */
const restart = (host: string) =>
  `type in the container of ${host}: gosu postgres pg_ctl stop; its agent starts it again`;

/** More WAL files than this wait for the archive only where it does not work, or not fast enough. */
const muchToArchive = 64;

/** What is wrong, each with what to type. */
export function findSettingTroubles(view: SettingsView): Trouble[] {
  return [
    ...raised(view),
    ...notTaken(view),
    ...waits(view),
    ...overridden(view),
    ...unheard(view),
    ...unsafe(view),
    ...of(view),
    ...slotCopyTroubles({ host: view.config.host, role: view.role, inForce: view.seen.inForce }),
  ];
}

function raised({ config: { host }, raised, role }: SettingsView): Trouble[] {
  const all = [
    raised.filter((r) => r.needed || role === "primary"),
    raised.filter((r) => !r.needed && role === "standby"),
  ];
  return all.filter((group) => group.length > 0).map((group, i) => {
    const values = group.map(({ name, own, primary }) => `${name} is ${primary} and not ${own}`).join(", ");
    const because = `on ${host} ${values}: raised to what the primary had`;
    const again = `${restart(host)} with what is set`;
    if (role === "primary") {
      return { because, fix: `${again}, and the standbys follow one after the other by themselves` };
    }
    const fix = i === 0 && group[0]!.needed
      ? group.map(raisedFix).join("; ")
      : `wait until all others stream; or ${again}`;
    return { because, fix };
  });
}

const inAutoConf = ({ file }: Place) => file.endsWith("postgresql.auto.conf");
const placeText = ({ file, line }: Place) => `${file.split("/").at(-1)}, line ${line}`;
const resetText = (name: string, host: string) => `on ${host}: alter system reset ${name}`;

function notTaken({ config: { host }, seen }: SettingsView): Trouble[] {
  return seen.wrong.map((w) => ({
    because:
      `PostgreSQL does not take ${w.name ?? "a line"}${w.value === null ? "" : ` = ${w.value}`} (${placeText(w)}): ` +
      w.error,
    fix: inAutoConf(w) && w.name !== null
      ? `take it back ${resetText(w.name, host)}`
      : "correct it in CONFIGS, and start the container again",
  }));
}

function waits({ config: { host }, raised, seen }: SettingsView): Trouble[] {
  // what only a recovery from a backup needed waits for the next start, whenever that comes
  const told = seen.waiting.filter(({ name }) =>
    !name.startsWith("recovery_target") && !raised.some((r) => r.name === name)
  );
  return told.map(({ name, now, next }) => {
    const value = next === null ? "PostgreSQL's own value is to come" : `${next.value} stands in ${placeText(next)}`;
    const back = next !== null && inAutoConf(next) ? `; or take it back ${resetText(name, host)}` : "";
    return {
      because: `${name} waits for a restart of PostgreSQL: ${now} is in force, ${value}`,
      fix: restart(host) + back,
    };
  });
}

/** What CONFIGS set counts only where ALTER SYSTEM has not set it as well. */
function overridden({ config: { host, settings }, altered }: SettingsView): Trouble[] {
  return settings.flatMap(({ name, value }) => {
    const other = altered.findLast((a) => a.name === name);
    if (other === undefined || other.value === value) return [];
    return [{
      because:
        `CONFIGS set ${name} to ${value} on ${host}, but ALTER SYSTEM has set it to ${other.value}, which counts`,
      fix: `take that back ${resetText(name, host)}; or take ${name} out of CONFIGS`,
    }];
  });
}

/** The agent learns from the log why a server does not start, stream or replay, and mends some of that. */
const heardOnlyIf: Readonly<Record<string, (value: string) => boolean>> = {
  logging_collector: (v) => wordOf(v) === "off",
  log_destination: (v) => v.includes("stderr"),
  log_min_messages: (v) => v !== "fatal" && v !== "panic",
  lc_messages: (v) => /^(en|C|POSIX|$)/i.test(v),
};

function unheard({ config: { host }, seen }: SettingsView): Trouble[] {
  return seen.inForce.filter(({ name, value }) => heardOnlyIf[name]?.(value) === false).map(({ name, value }) => ({
    because: `${name} is ${value}, so that the agent cannot read PostgreSQL's log: it cannot tell why a standby does ` +
      "not stream, and does not mend that",
    fix: `take ${name} out of CONFIGS, or ${resetText(name, host)}; the container's log has what PostgreSQL says`,
  }));
}

function unsafe({ config: { host, consistency }, seen }: SettingsView): Trouble[] {
  return seen.inForce.flatMap((setting) => {
    const { name, value } = setting;
    const broken = name === "synchronous_commit" ? breaksConsistency(setting, consistency) : null;
    const because = broken !== null
      ? `${name} is ${value}, and CONSISTENCY is ${consistency}: ${broken.why}`
      : ["fsync", "full_page_writes"].includes(name) && value === "off"
      ? `${name} is off: a crash of the machine can destroy the data of ${host}`
      : null;
    return because === null ? [] : [{ because, fix: `take ${name} out of CONFIGS, or ${resetText(name, host)}` }];
  });
}

function of({ config, seen }: SettingsView): Trouble[] {
  const found = seen.ofRoles.flatMap((setting) => {
    const broken = breaksConsistency(setting, config.consistency);
    return broken === null ? [] : [{
      because:
        `${setting.of} has ${setting.name} = ${setting.value}, and CONSISTENCY is ${config.consistency}: ${broken.why}`,
      fix: `if that is not meant, type: alter ${setting.of} reset ${setting.name}`,
    }];
  });
  if (seen.toArchive === null || seen.toArchive <= muchToArchive) return found;
  return [...found, {
    because: `${seen.toArchive} WAL files wait for archive_command or archive_library, and fill the volume`,
    fix:
      "correct archive_command (select * from pg_stat_archiver), or set archive_mode to off: barman does not need it",
  }];
}
