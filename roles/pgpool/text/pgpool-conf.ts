// PURE: pgpool.conf, pool_hba.conf, pcp.conf and the passfiles, rendered whole.
import { createHash } from "node:crypto";
import type { PgpoolConfig } from "../../../config/pgpool.ts";
import type { Setting } from "../../../config/list-syntax.ts";
import type { ImageVersions } from "../../../config/image-versions.ts";
import { quotePoolSetting } from "../../../core/postgres/conninfo.ts";
import { poolTls, type WithTls } from "../../../core/postgres/tls.ts";
import { settingIn } from "../../../config/pgpool-features.ts";
import { judgeSetting, whyWithoutEffect } from "./pgpool-settings.ts";

export const configDirectory = "/usr/local/etc";
export const pgpoolConfPath = `${configDirectory}/pgpool.conf`;
export const pcpConfPath = `${configDirectory}/pcp.conf`;
export const poolHbaPath = `${configDirectory}/pool_hba.conf`;
export const poolPasswdPath = `${configDirectory}/pool_passwd`;
export const poolKeyPath = `${configDirectory}/pgpool.key`;
export const runDirectory = "/var/run/pgpool";
export const statusFilePath = `${runDirectory}/pgpool_status`;
/** PCP user of the agent; every start makes a new password for it. */
export const agentPcpUser = "postdock_agent";

export interface SettingsVerdict {
  settings: Setting[];
  warnings: string[];
  /** settings that do nothing here, and why */
  idle: string[];
  refused: string[];
}

/** CONFIGS as this version of pgpool accepts it, with warnings and refusals. */
export function judgeSettings(given: readonly Setting[], versions: Pick<ImageVersions, "pgpool">): SettingsVerdict {
  const verdict: SettingsVerdict = { settings: [], warnings: [], idle: [], refused: [] };
  const isOn = (name: string) => !/^(off|false|no|0|f|n|)$/i.test(settingOf(name, given) ?? "");
  for (const { name, value } of given) {
    const judged = judgeSetting(name, versions);
    if ("refuse" in judged) verdict.refused.push(judged.refuse);
    else {
      if (judged.warning) verdict.warnings.push(`CONFIGS: ${judged.warning}`);
      const lacks = "take" in judged ? whyWithoutEffect(judged.take, isOn) : null;
      if (lacks !== null) verdict.idle.push(`CONFIGS: ${name} has no effect: ${lacks}`);
      if ("take" in judged) verdict.settings.push({ name: judged.take, value });
    }
  }
  return verdict;
}

/**
 * The agent decides which backends are attached, so pgpool's own detection is off: its health check cannot see a frozen node,
 * and its streaming check can hang on one (docs/decisions). CONFIGS overrides these values.
 */
const defaults: readonly Setting[] = Object.entries({
  backend_clustering_mode: "streaming_replication",
  listen_addresses: "*",
  port: "5432",
  unix_socket_directories: runDirectory,
  pcp_listen_addresses: "*",
  pcp_port: "9898",
  pcp_socket_dir: runDirectory,
  enable_pool_hba: "on",
  pool_passwd: "pool_passwd",
  authentication_timeout: "30s",
  num_init_children: "32",
  max_pool: "15",
  child_life_time: "5min",
  load_balance_mode: "on",
  disable_load_balance_on_write: "transaction",
  connection_cache: "on",
  connect_timeout: "1000",
  health_check_period: "0",
  sr_check_period: "0",
  failover_on_backend_error: "off",
  failover_on_backend_shutdown: "off",
  detach_false_primary: "off",
  auto_failback: "off",
  search_primary_node_timeout: "3s",
  log_destination: "stderr",
  log_line_prefix: "",
  log_pcp_processes: "off",
  pid_file_name: `${runDirectory}/pgpool.pid`,
  logdir: runDirectory,
  memory_cache_enabled: "off",
  ssl: "on", // pgpool asks each backend for TLS
}).map(([name, value]) => ({ name, value }));

const smallCache: readonly [string, string][] = [["memqcache_total_size", "1MB"], ["memqcache_max_num_cache", "1000"]];

/** The settings that decide which backends answer reads, for each mode of CONSISTENCY. */
const reads: Readonly<Record<PgpoolConfig["consistency"], readonly [string, string][]>> = {
  "eventual": [],
  // a session that has written reads what it wrote
  "partially-strict": [["disable_load_balance_on_write", "always"]],
  // a standby may not yet have replayed what has been acknowledged
  "strict": [["load_balance_mode", "off"]],
};

function isOn(value: string | undefined): boolean {
  return ["on", "true", "yes", "1", "t", "y"].includes((value ?? "").toLowerCase());
}

/** The value of a setting, from CONFIGS or else from here. */
export function settingOf(name: string, given: readonly Setting[]): string | undefined {
  return (given.findLast((s) => s.name === name) ?? defaults.find((s) => s.name === name))?.value;
}

/** The whole pgpool.conf. */
export function renderPgpoolConf(config: PgpoolConfig, settings: readonly Setting[]): string {
  const merged = new Map(defaults.map((s) => [s.name, s.value]));
  for (const check of ["health_check", "sr_check"]) {
    merged.set(`${check}_user`, config.checkUser);
    merged.set(`${check}_database`, "postgres");
  }
  for (const [name, value] of [...reads[config.consistency], ...poolTls(config)]) merged.set(name, value);
  for (const { name, value } of settings) merged.set(name, value);
  if (!isOn(merged.get("memory_cache_enabled"))) {
    // pgpool allocates the cache whether or not it is in use: 137 MB, which every start would have to clear
    for (const [name, value] of smallCache) if (!settings.some((s) => s.name === name)) merged.set(name, value);
  }
  for (const backend of config.backends) {
    merged.set(`backend_hostname${backend.id}`, backend.host);
    merged.set(`backend_port${backend.id}`, String(backend.port));
    merged.set(`backend_weight${backend.id}`, String(backend.weight));
    merged.set(`backend_data_directory${backend.id}`, backend.dataDirectory);
    merged.set(`backend_flag${backend.id}`, backend.flag);
    merged.set(`backend_application_name${backend.id}`, backend.host);
  }
  const lines = [...merged].flatMap(([name, value]) => {
    const here = settingIn(config.imageVersions, name);
    return here === null ? [] : [`${here} = ${quotePoolSetting(value)}`];
  });
  return ["# Written by PostDock at every start; put your own settings into CONFIGS.", ...lines, ""].join("\n");
}

/** Before what withCheckPassword() adds. */
const checkPasswordHead = "# CHECK_PASSWORD, encrypted\n";

/**
 * pgpool.conf with the entry that pool_passwd has for CHECK_USER, instead of a former one. At a reload pgpool's children open
 * pool_passwd again, but its main process does not (4.6.1): at the next attach it would look for the primary with the former
 * password, for three seconds in vain, and then have none. CONFIGS has the last word.
 */
export function withCheckPassword(poolConf: string, poolPasswd: string, checkUser: string): string {
  const [before = ""] = poolConf.split(checkPasswordHead);
  const entry = poolPasswd.split("\n").find((line) => line.startsWith(`${checkUser}:`));
  if (entry === undefined) return before;
  const password = quotePoolSetting(entry.slice(checkUser.length + 1));
  const names = ["health_check_password", "sr_check_password"].filter((n) => !before.includes(`\n${n} = `));
  return before + checkPasswordHead + names.map((name) => `${name} = ${password}\n`).join("");
}

/** Every client authenticates by password, whatever its host. For SCRAM pgpool has to know the password. */
export function renderPoolHba({ tls, poolAuth }: WithTls & Pick<PgpoolConfig, "poolAuth">): string {
  const refused = tls === "require" ? ["hostnossl all all all reject"] : [];
  const handedOn = poolAuth === "password" ? ["hostssl all all all password"] : [];
  return ["local all all scram-sha-256", ...refused, ...handedOn, "host all all all scram-sha-256", ""].join("\n");
}

/** pcp.conf: user and md5 of the password, the only form PCP knows. */
export function renderPcpConf(users: readonly { name: string; password: string }[]): string {
  return users.map((u) => `${u.name}:${createHash("md5").update(u.password).digest("hex")}\n`).join("");
}

/** .pcppass of the postgres user, so that pcp commands take no password on their command line. */
export function renderPcpPass(user: string, password: string): string {
  const escape = (text: string) => text.replaceAll("\\", "\\\\").replaceAll(":", "\\:");
  return `*:*:${escape(user)}:${escape(password)}\n`;
}

/** pgpool_status, one line for each backend from number 0 on: which of them pgpool takes as up when it starts. */
export function renderStatusFile(backendIds: readonly number[], up: ReadonlySet<number>): string {
  const highest = Math.max(...backendIds, 0);
  const word = (id: number) => !backendIds.includes(id) ? "unused" : up.has(id) ? "up" : "down";
  return Array.from({ length: highest + 1 }, (_, id) => word(id) + "\n").join("");
}
