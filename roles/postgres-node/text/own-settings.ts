// PURE: the settings of PostgreSQL that are not the operator's to set, in one place. CONFIGS with one of them is refused; what
// ALTER SYSTEM writes of them is taken back, at each start and while the server runs. All other settings are the operator's.
import { breaksConsistency, wordOf } from "../../../config/durability.ts";
import type { Setting } from "../../../config/list-syntax.ts";
import type { NodeConfig } from "../../../config/postgres-node.ts";
import { conninfoValue } from "../../../core/postgres/conninfo.ts";
import { serverTls } from "../../../core/postgres/tls.ts";
import { parseAutoConf, replaceAutoConf } from "./auto-conf.ts";
import { primaryConninfo, slotName } from "./repmgr-conf.ts";

const included = "copy what that file sets into CONFIGS: an included file is neither checked nor the same on all nodes";
const restores = "remove it: `postdock barman restore` goes back to a moment";

/** Settings that PostDock owns, whatever the value, with what to do instead. */
const owned: Readonly<Record<string, string>> = {
  data_directory: "set PGDATA",
  config_file: "remove it: PostDock renders $PGDATA/postgresql.conf",
  hba_file: "edit $PGDATA/pg_hba.conf, on every node",
  ident_file: "edit $PGDATA/pg_ident.conf, on every node",
  external_pid_file: "remove it",
  include: included,
  include_dir: included,
  include_if_exists: included,
  port: "remove it and publish another port: inside the container it is always 5432",
  unix_socket_directories: "remove it: the socket stays in /var/run/postgresql",
  primary_conninfo: "remove it: PostDock chooses the upstream",
  primary_slot_name: "remove it: the name of the slot follows from NODE_ID",
  recovery_end_command: "remove it: PostDock uses it to check every promotion",
  recovery_target: restores,
  recovery_target_action: restores,
  recovery_target_inclusive: restores,
  recovery_target_lsn: restores,
  recovery_target_name: restores,
  recovery_target_time: restores,
  recovery_target_timeline: "remove it: standbys always follow the latest timeline",
  recovery_target_xid: restores,
};

const libraries = "set it in CONFIGS: there PostDock looks whether the library is in the image, and adds repmgr";

/** Settings that CONFIGS may set and ALTER SYSTEM may not. */
const onlyInConfigs: Readonly<Record<string, string>> = {
  shared_preload_libraries: libraries,
  session_preload_libraries: libraries,
  local_preload_libraries: libraries,
};

/** Values with which a node cannot be part of a cluster. */
const unusable: Readonly<Record<string, { is: (value: string) => boolean; fix: string }>> = {
  wal_level: { is: (v) => v.toLowerCase() === "minimal", fix: "use replica or logical: standbys and backups need it" },
  hot_standby: { is: (v) => wordOf(v) === "off", fix: "remove it: nobody, the agent included, could ask a standby" },
  max_wal_senders: { is: isZero, fix: "remove it, or use at least one for each standby, barman and a clone" },
  listen_addresses: { is: isLocal, fix: "use *, or an address at which the other containers reach this one" },
};

function isZero(value: string): boolean {
  return Number(value) === 0;
}

function isLocal(value: string): boolean {
  const local = ["", "localhost", "::1"];
  return value.split(",").map((a) => a.trim()).every((a) => local.includes(a) || a.startsWith("127."));
}

/** What to do instead of this setting, in CONFIGS or by ALTER SYSTEM; null if an operator may set it. */
export function notToBeSet({ name, value }: Setting): string | null {
  if (Object.hasOwn(owned, name)) return owned[name]!;
  const bad = Object.hasOwn(unusable, name) ? unusable[name]! : null;
  return bad?.is(value) ? bad.fix : null;
}

/** A setting that was taken back, and what to do instead. */
export interface TakenBack extends Setting {
  fix: string;
}

/** What PostDock itself writes there, and compares with what it wants in other places. */
const written = ["primary_conninfo", "primary_slot_name", "synchronous_standby_names", "synchronized_standby_slots"];

/**
 * postgresql.auto.conf as it is to be, and what that takes back. On a standby the upstream's host and address stay as they are,
 * but not the rest: repmgr leaves out the database, without which logical slots are not copied.
 */
export function correctAutoConf(
  text: string,
  { config, standby }: { config: NodeConfig; standby: boolean },
): { text: string; taken: TakenBack[] } {
  const lines = parseAutoConf(text);
  const taken = lines.flatMap((setting): TakenBack[] => {
    const fix = written.includes(setting.name) ? inConfigs(setting.name, config) : foreign(setting, config);
    return fix === null ? [] : [{ name: setting.name, value: withoutPassword(setting.value), fix }];
  });
  const changes: Record<string, string | null> = Object.fromEntries(taken.map(({ name }) => [name, null]));
  const has = (name: string) => lines.findLast((l) => l.name === name)?.value ?? null;
  const [host, hostaddr] = ["host", "hostaddr"].map((key) => conninfoValue(has("primary_conninfo") ?? "", key));
  if (standby && host) {
    const wanted = {
      primary_conninfo: primaryConninfo(config, {
        host,
        hostaddr,
        port: host === config.upstreamHost ? config.primaryPort : 5432,
      }),
      primary_slot_name: config.useSlots ? slotName(config.id) : null,
    };
    for (const [name, value] of Object.entries(wanted)) {
      if ((has(name) || null) === value) continue;
      const fix = "leave it to the agent; `postdock cluster switchover` and `reinit` change what a node follows";
      taken.push({ name, value: withoutPassword(has(name) ?? ""), fix });
      changes[name] = value;
    }
  }
  return { text: taken.length === 0 ? text : replaceAutoConf(text, changes), taken };
}

/** CONFIGS decides what it sets: what PostDock wrote before that must not count more. */
function inConfigs(name: string, { settings }: NodeConfig): string | null {
  return settings.some((s) => s.name === name) ? "CONFIGS sets it" : null;
}

/** A conninfo may hold one, and what is taken back is told. */
const withoutPassword = (value: string) => value.replaceAll(/password\s*=\s*('(?:[^'\\]|\\.)*'|\S+)/gi, "password=***");

function foreign(setting: Setting, config: NodeConfig): string | null {
  const promise = breaksConsistency(setting, config.consistency);
  if (promise !== null) return `remove it, or set CONSISTENCY=eventual: ${promise.why}`;
  if (Object.hasOwn(onlyInConfigs, setting.name)) return onlyInConfigs[setting.name]!;
  const byTls = serverTls(config).some(([name]) => name === setting.name);
  if (byTls) return "remove it: TLS says it, and without TLS this node would refuse the other containers";
  return notToBeSet(setting);
}
