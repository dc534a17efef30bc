// PURE: the names of settings that pgpool-II 4.6 knows, since it silently ignores others, and the present names of older ones.
// The names are those of the sample configuration of the Debian package pgpool2 4.6.1.
import type { ImageVersions } from "../../../config/image-versions.ts";
import { settingIn } from "../../../config/pgpool-features.ts";

const plain = `
  allow_clear_text_frontend_auth allow_multiple_failover_requests_from_node allow_sql_comments
  app_name_redirect_preference_list arping_cmd arping_path authentication_timeout auto_failback
  auto_failback_interval backend_clustering_mode cache_safe_memqcache_table_list
  cache_unsafe_memqcache_table_list check_temp_table check_unlogged_table child_life_time child_max_connections
  clear_memqcache_on_escalation client_idle_limit client_idle_limit_in_recovery client_min_messages
  connect_timeout connection_cache connection_life_time database_redirect_preference_list delay_threshold
  delay_threshold_by_time delegate_ip detach_false_primary disable_load_balance_on_write
  dml_adaptive_object_relationship_list enable_consensus_with_half_votes enable_pool_hba enable_shared_relcache
  failback_command failover_command failover_if_affected_tuples_mismatch failover_on_backend_error
  failover_on_backend_shutdown failover_require_consensus failover_when_quorum_exists follow_primary_command
  health_check_database health_check_max_retries health_check_password health_check_period
  health_check_retry_delay health_check_timeout health_check_user if_cmd_path if_down_cmd if_up_cmd
  ignore_leading_white_space insert_lock listen_addresses listen_backlog_multiplier load_balance_mode
  lobj_lock_table log_backend_messages log_client_messages log_connections log_destination log_directory
  log_disconnections log_error_verbosity log_file_mode log_filename log_hostname log_line_prefix log_min_messages
  log_pcp_processes log_per_node_statement log_rotation_age log_rotation_size log_standby_delay log_statement
  log_truncate_on_rotation logdir logging_collector max_pool max_spare_children memory_cache_enabled
  memqcache_auto_cache_invalidation memqcache_cache_block_size memqcache_expire memqcache_max_num_cache
  memqcache_maxcache memqcache_memcached_host memqcache_memcached_port memqcache_method memqcache_oiddir
  memqcache_total_size min_spare_children notice_per_node_statement num_init_children pcp_listen_addresses
  pcp_port pcp_socket_dir pid_file_name ping_path pool_passwd port prefer_lower_delay_standby
  primary_routing_query_pattern_list process_management_mode process_management_strategy read_only_function_list
  recovery_1st_stage_command recovery_2nd_stage_command recovery_database recovery_password recovery_timeout recovery_user
  relcache_expire relcache_query_target relcache_size replicate_select replication_stop_on_mismatch
  reserved_connections reset_query_list search_primary_node_timeout serialize_accept sr_check_database
  sr_check_password sr_check_period sr_check_user ssl ssl_ca_cert ssl_ca_cert_dir ssl_cert ssl_ciphers
  ssl_crl_file ssl_dh_params_file ssl_ecdh_curve ssl_key ssl_passphrase_command ssl_prefer_server_ciphers
  statement_level_load_balance syslog_facility syslog_ident trusted_server_command trusted_servers
  unix_socket_directories unix_socket_group unix_socket_permissions use_watchdog user_redirect_preference_list
  wd_authkey wd_de_escalation_command wd_escalation_command wd_heartbeat_deadtime wd_heartbeat_keepalive
  wd_heartbeat_listen_addresses wd_heartbeat_listen_port wd_listen_address wd_listen_port
  wd_interval wd_ipc_socket_dir wd_life_point wd_lifecheck_dbname wd_lifecheck_method wd_lifecheck_password
  wd_lifecheck_query wd_lifecheck_user wd_lost_node_removal_timeout wd_monitoring_interfaces_list
  wd_no_show_node_removal_timeout wd_priority wd_remove_shutdown_nodes write_function_list
`.trim().split(/\s+/);

/** Names that end in the number of a backend or a watchdog node. */
const numbered = `
  backend_application_name backend_data_directory backend_flag backend_hostname backend_port backend_weight
  connect_timeout health_check_database health_check_max_retries health_check_password health_check_period
  health_check_retry_delay health_check_timeout health_check_user heartbeat_device heartbeat_hostname
  heartbeat_port hostname pgpool_port wd_port
`.trim().split(/\s+/);

/** Names of older versions with their present names, or null if the setting no longer exists. */
const outdated: Readonly<Record<string, { now: string | null }>> = {
  master_slave_mode: { now: null },
  master_slave_sub_mode: { now: null },
  replication_mode: { now: null },
  black_function_list: { now: "write_function_list" },
  white_function_list: { now: "read_only_function_list" },
  black_query_pattern_list: { now: "primary_routing_query_pattern_list" },
  black_memqcache_table_list: { now: "cache_unsafe_memqcache_table_list" },
  white_memqcache_table_list: { now: "cache_safe_memqcache_table_list" },
  follow_master_command: { now: "follow_primary_command" },
  socket_dir: { now: "unix_socket_directories" },
  fail_over_on_backend_error: { now: "failover_on_backend_error" },
  clear_query_cache_on_escalation: { now: "clear_memqcache_on_escalation" },
};

/** Settings that PostDock owns, each with what to do instead. */
const reserved: Readonly<Record<string, string>> = {
  backend_clustering_mode: "its value is streaming_replication",
  listen_addresses: "pgpool listens on all addresses; publish the port where you want it",
  port: "the port inside the container is 5432; publish another one outside",
  pcp_port: "the port inside the container is 9898; publish another one outside",
  pool_passwd: "users come from DB_USERS",
  enable_pool_hba: "clients always authenticate",
  pid_file_name: "leave it out",
  logdir: "leave it out",
  work_dir: "leave it out",
  unix_socket_directories: "leave it out",
  pcp_socket_dir: "leave it out",
  use_watchdog: "several pgpools agree without a watchdog, because they follow what the nodes report",
  auto_failback: "the agent attaches backends that are back",
};

/** Settings that do nothing without another one: a pattern of their names, that other one, and why it does not count here. */
const dependent: readonly { names: RegExp; needs: string | null; why: string }[] = [
  {
    names: /^allow_clear_text_frontend_auth$/,
    needs: null,
    why: "pool_hba.conf asks every client for SCRAM; name users and their passwords in DB_USERS",
  },
  {
    names: /^(wd_.*|heartbeat_.*|hostname\d+|pgpool_port\d+|trusted_server.*|delegate_ip|if_.*|arping_.*|ping_path)$/,
    needs: null,
    why: "it is of the watchdog, which is off; several pgpools follow what the nodes report",
  },
  {
    names: /^(failover_when_quorum|failover_require_con|enable_consensus|allow_multiple_failover)/,
    needs: null,
    why: "it is of the watchdog, which is off",
  },
  {
    names: /^health_check_(timeout|max_retries|retry_delay|database|user|password)/,
    needs: "health_check_period",
    why: "",
  },
  {
    names: /^(sr_check_(database|user|password)|delay_threshold.*|prefer_lower_delay_standby|log_standby_delay)$/,
    needs: "sr_check_period",
    why: "",
  },
  { names: /^(memqcache_.*|cache_(un)?safe_.*)$/, needs: "memory_cache_enabled", why: "" },
  { names: /^ssl_/, needs: "ssl", why: "" },
  { names: /^log_(directory|filename|file_mode|rotation_.*|truncate_.*)$/, needs: "logging_collector", why: "" },
];

/** Why a setting that pgpool knows does nothing here; null: it does. `isOn`: whether a setting is neither off nor 0. */
export function whyWithoutEffect(name: string, isOn: (setting: string) => boolean): string | null {
  const row = dependent.find(({ names }) => names.test(name));
  if (row === undefined || row.needs === null) return row?.why ?? null;
  return isOn(row.needs) ? null : `${row.needs} is off; set it too, or leave ${name} out`;
}

export type SettingVerdict =
  | { take: string; warning?: string }
  | { leaveOut: true; warning: string }
  | { refuse: string };

/** What becomes of a setting of CONFIGS. */
export function judgeSetting(name: string, versions: Pick<ImageVersions, "pgpool">): SettingVerdict {
  const here = `pgpool-II ${versions.pgpool}`;
  const old = Object.hasOwn(outdated, name) ? outdated[name] : undefined;
  if (old?.now && Object.hasOwn(reserved, old.now)) {
    const why = `PostDock sets ${old.now} itself: ${reserved[old.now]}`;
    return { leaveOut: true, warning: `${name} became ${old.now} and is left out: ${why}` };
  }
  if (old?.now) return { take: old.now, warning: `${name} became ${old.now} in ${here}` };
  if (old) return { leaveOut: true, warning: `${name} no longer exists in ${here} and is left out` };
  const fix = Object.hasOwn(reserved, name) ? reserved[name] : undefined;
  if (fix !== undefined) return { refuse: `PostDock sets ${name} itself: ${fix}` };
  if (plain.includes(name) && settingIn(versions, name) === name) return { take: name };
  const stem = name.replace(/\d+$/, "");
  if (stem !== name && numbered.includes(stem)) {
    return stem.startsWith("backend_") ? { refuse: `${name} comes from BACKENDS` } : { take: name };
  }
  return { refuse: `${here} has no setting ${name}` };
}
