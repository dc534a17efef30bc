// PURE postgresql.conf: the same input gives the same bytes.
import type { NodeConfig } from "../../../config/postgres-node.ts";
import type { Setting } from "../../../config/list-syntax.ts";
import { type ImageVersions, isSince } from "../../../config/image-versions.ts";
import { quoteSetting } from "../../../core/postgres/conninfo.ts";
import { serverTls } from "../../../core/postgres/tls.ts";
import { notToBeSet } from "./own-settings.ts";

const megabytesPerSegment = 16;
type Translation = (value: string) => Setting | null;
const rename = (name: string): Translation => (value) => ({ name, value });
const segments = (name: string, factor: number): Translation => (value) =>
  /^\d+$/.test(value) ? { name, value: `${Number(value) * factor * megabytesPerSegment}MB` } : { name, value };

const gone: Translation = () => null;

/** Settings of older versions: the version of PostgreSQL that has them no longer, and what they became there. */
const outdated: Readonly<Record<string, readonly [since: string, Translation]>> = {
  checkpoint_segments: ["9.5", segments("max_wal_size", 3)],
  replacement_sort_tuples: ["11", gone],
  wal_keep_segments: ["13", segments("wal_keep_size", 1)],
  operator_precedence_warning: ["14", gone],
  vacuum_cleanup_index_scale_factor: ["14", gone],
  stats_temp_directory: ["15", gone],
  force_parallel_mode: ["16", rename("debug_parallel_query")],
  vacuum_defer_cleanup_age: ["16", gone],
  promote_trigger_file: ["16", gone],
  db_user_namespace: ["17", gone],
  old_snapshot_threshold: ["17", gone],
  trace_recovery_messages: ["17", gone],
};

export interface SettingsVerdict {
  settings: Setting[];
  warnings: string[];
  /** settings that are refused, each with what to do instead */
  refused: { name: string; fix: string }[];
}

/** CONFIGS as this version of PostgreSQL takes it: outdated names translated, what is not the operator's to set refused. */
export function translateSettings(
  given: readonly Setting[],
  { postgres }: Pick<ImageVersions, "postgres">,
): SettingsVerdict {
  const verdict: SettingsVerdict = { settings: [], warnings: [], refused: [] };
  for (const setting of given) {
    const [since, translate] = Object.hasOwn(outdated, setting.name) ? outdated[setting.name]! : [];
    const fix = notToBeSet(setting);
    if (fix !== null) verdict.refused.push({ name: setting.name, fix });
    else if (translate === undefined || !isSince(postgres, since!)) verdict.settings.push(setting);
    else {
      const now = translate(setting.value);
      if (now) verdict.settings.push(now);
      verdict.warnings.push(
        now
          ? `CONFIGS: ${setting.name} became ${now.name} in PostgreSQL ${since}; using ${now.name}:${now.value}`
          : `CONFIGS: ${setting.name} no longer exists since PostgreSQL ${since} and is ignored`,
      );
    }
  }
  return verdict;
}

const MB = 1024 * 1024;
/** What slots may keep on a volume whose size is not known, and on one of 32 to 80 GB, megabytes. */
const usualSlotMb = 8192;
const leastSlotMb = 64;

/**
 * How much WAL slots may keep for nodes and barman that are away, megabytes: a quarter of the volume up to 8 GB, of a large one
 * a tenth. All slots together cost this once.
 */
export function slotLimitMb(volumeBytes: number | null): number {
  if (volumeBytes === null) return usualSlotMb;
  const share = (part: number) => Math.floor(volumeBytes / part / MB);
  return Math.max(leastSlotMb, Math.min(usualSlotMb, share(4)), share(10));
}

/** How much WAL is kept for standbys without a slot, megabytes: an eighth of a small volume, at most `usual`. */
export function keptWalMb(usual: number, volumeBytes: number | null): number {
  if (volumeBytes === null) return usual;
  return Math.max(leastSlotMb, Math.min(usual, Math.floor(volumeBytes / 8 / MB)));
}

function defaults(config: NodeConfig, volumeBytes: number | null): Setting[] {
  const s = (name: string, value: string): Setting => ({ name, value });
  return [
    s("listen_addresses", "*"),
    s("cluster_name", config.name),
    s("max_connections", "100"),
    s("shared_buffers", "128MB"),
    s("dynamic_shared_memory_type", "posix"),
    s("password_encryption", "scram-sha-256"),
    s("wal_level", "replica"),
    s("wal_log_hints", "on"),
    s("max_wal_senders", "10"),
    s("max_replication_slots", "10"),
    s("wal_keep_size", `${keptWalMb(config.useSlots ? 512 : 500 * megabytesPerSegment, volumeBytes)}MB`),
    s("max_slot_wal_keep_size", `${slotLimitMb(volumeBytes)}MB`),
    s("wal_sender_timeout", "10s"),
    s("wal_receiver_timeout", "10s"),
    s("wal_receiver_status_interval", "1s"),
    s("wal_retrieve_retry_interval", "500ms"),
    // however this server is promoted, also by hand: only with the lease
    s("recovery_end_command", "/usr/local/bin/postdock postgres-node may-end-recovery"),
    s("hot_standby", "on"),
    s("hot_standby_feedback", "on"),
    s("tcp_keepalives_idle", "5"),
    s("tcp_keepalives_interval", "2"),
    s("tcp_keepalives_count", "3"),
    s("jit", "off"),
    s("log_timezone", "UTC"),
    s("timezone", "UTC"),
    s("datestyle", "iso, mdy"),
    s("lc_messages", "en_US.utf8"),
    s("default_text_search_config", "pg_catalog.english"),
    ...serverTls(config).map(([name, value]) => s(name, value)),
  ];
}

/** The whole postgresql.conf: defaults, then CONFIGS in its order; `repmgr` is always preloaded. `volumeBytes`: size, if known. */
export function renderPostgresqlConf(
  config: NodeConfig,
  settings: readonly Setting[],
  volumeBytes: number | null,
): string {
  const merged = new Map(defaults(config, volumeBytes).map((s) => [s.name, s.value]));
  for (const { name, value } of settings) {
    merged.delete(name); // a setting of the user keeps the place that the user gave it
    merged.set(name, value);
  }
  merged.set("shared_preload_libraries", withRepmgr(merged.get("shared_preload_libraries") ?? ""));
  const lines = [...merged].map(([name, value]) => `${name} = ${quoteSetting(value)}`);
  return [
    "# Rendered by PostDock at every start from the container's variables; edits are lost.",
    "# Settings of your own: CONFIGS, or ALTER SYSTEM.",
    ...lines,
    "",
  ].join("\n");
}

/** The size of a WAL file for which PostgreSQL's defaults are made, bytes. */
const usualSegmentBytes = 16 * MB;

/**
 * `conf` with min_wal_size and max_wal_size as initdb sets them for files of this size (DEFAULT_MIN_WAL_SEGS and
 * DEFAULT_MAX_WAL_SEGS of PostgreSQL 17), unless they are in it: a server with larger files does not start with the defaults.
 * WAL between two checkpoints takes an eighth of a small volume at most.
 */
export function withWalSizes(conf: string, segmentBytes: number, volumeBytes: number | null): string {
  const segmentMb = segmentBytes / MB;
  const share = volumeBytes === null ? Infinity : Math.max(4 * segmentMb, Math.floor(volumeBytes / 8 / MB));
  const usual = { min_wal_size: 5 * segmentMb, max_wal_size: 64 * segmentMb };
  if (segmentBytes === usualSegmentBytes && usual.max_wal_size <= share) return conf;
  const lines = Object.entries(usual).flatMap(([name, megabytes]) =>
    new RegExp(`^${name} = `, "m").test(conf) ? [] : [`${name} = '${Math.min(megabytes, share)}MB'`]
  );
  return lines.length === 0 ? conf : [conf.trimEnd(), ...lines, ""].join("\n");
}

function withRepmgr(libraries: string): string {
  const list = libraries.split(",").map((l) => l.trim()).filter((l) => l !== "" && l !== "repmgr");
  return ["repmgr", ...list].join(",");
}
