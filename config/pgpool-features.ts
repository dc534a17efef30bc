// PURE: what differs between the versions of pgpool-II in the images, in one place.
import { type ImageVersions, isSince } from "./image-versions.ts";

type Versions = Pick<ImageVersions, "pgpool">;

/** Settings by the first version in an image that has them; all others are in each. */
const later: Readonly<Record<string, readonly string[]>> = {
  "4.6": [
    "delay_threshold_by_time",
    "delegate_ip",
    "log_backend_messages",
    "log_pcp_processes",
    "max_spare_children",
    "min_spare_children",
    "notice_per_node_statement",
    "process_management_mode",
    "process_management_strategy",
    "trusted_server_command",
    "unix_socket_group",
    "unix_socket_permissions",
    "user_redirect_preference_list",
  ],
  "4.7": [
    "recovery_database",
    "wd_heartbeat_listen_addresses",
    "wd_heartbeat_listen_port",
    "wd_listen_address",
    "wd_listen_port",
  ],
};

/** Settings with another name since a version in an image. */
const renamed: readonly { before: string; after: string; since: string }[] = [
  { before: "socket_dir", after: "unix_socket_directories", since: "4.6" },
  { before: "logdir", after: "work_dir", since: "4.7" },
];

/** The name that a setting has in this version; null: it does not exist there. `name`: as any version calls it. */
export function settingIn({ pgpool }: Versions, name: string): string | null {
  const other = renamed.find(({ before, after }) => name === before || name === after);
  if (other) return isSince(pgpool, other.since) ? other.after : other.before;
  const since = Object.keys(later).find((version) => later[version]!.includes(name));
  return since === undefined || isSince(pgpool, since) ? name : null;
}
