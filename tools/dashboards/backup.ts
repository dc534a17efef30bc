// PURE: the dashboard of barman: to which moments a restore is possible, and whether that was tried.
import type { Dashboard } from "./panel.ts";

const of = (name: string) => `${name}{cluster="$cluster",instance=~"$instance"}`;
const age = (name: string) => `time() - ${of(name)}`;
const hour = 3_600;

export const backupDashboard: Dashboard = {
  name: "backup",
  title: "PostDock: backup",
  description:
    "To which moments a restore is possible, how large and old the backups are, and whether a restore was tried.",
  of: { series: "barman_check_is_ok", instances: "all" },
  rows: [
    {
      title: "Now",
      panels: [
        {
          title: "barman check",
          description: "The last `barman check`. It fails until there is a first backup.",
          kind: "stat",
          queries: { [of("barman_check_is_ok")]: "{{instance}}" },
          words: { "0": ["fails", "red"], "1": ["passes", "green"] },
          none: "not scraped",
          width: 4,
        },
        {
          title: "WAL",
          description: "Whether WAL arrives from the primary. What is committed while it does not is in no backup.",
          kind: "stat",
          queries: { [of("postdock_barman_receiving")]: "{{instance}}" },
          words: { "0": ["does not arrive", "red"], "1": ["arrives", "green"] },
          width: 4,
        },
        {
          title: "Newest backup",
          description: "Time since the newest base backup ended. A restore replays the WAL of that time.",
          kind: "stat",
          unit: "s",
          queries: { [age("barman_last_backup_end_time_seconds")]: "{{instance}}" },
          colours: [["green"], ["orange", 26 * hour], ["red", 36 * hour]],
          none: "no backup",
          width: 4,
        },
        {
          title: "A restore is possible",
          description: "The first and the last moment to which a restore is possible, as time before now.",
          kind: "stat",
          unit: "s",
          queries: {
            [age("postdock_barman_first_recoverable_time_seconds")]: "from",
            [age("postdock_barman_last_recoverable_time_seconds")]: "to",
          },
          none: "no backup",
          width: 4,
        },
        {
          title: "Verified",
          description: "Whether the last backup that was restored for a trial was whole.",
          kind: "stat",
          queries: { [of("postdock_barman_verify_ok")]: "{{instance}}" },
          words: { "0": ["was not whole", "red"], "1": ["was whole", "green"] },
          none: "never tried",
          width: 4,
        },
        {
          title: "Gaps of the WAL history",
          description: "In the last day. A restore to a moment within a gap is impossible.",
          kind: "stat",
          queries: { [`increase(${of("postdock_barman_wal_gaps_total")}[1d])`]: "{{instance}}" },
          colours: [["green"], ["red", 0.5]],
          width: 4,
        },
      ],
    },
    {
      title: "Backups",
      panels: [
        {
          title: "Base backups",
          description: "Finished ones, and failed ones that a newer one has not replaced yet.",
          kind: "graph",
          queries: {
            [of("barman_backups_amount")]: "{{instance}}: finished",
            [of("postdock_barman_backups_failed")]: "{{instance}}: failed",
          },
          width: 8,
        },
        {
          title: "Size of the newest backup",
          description: "Without its WAL.",
          kind: "graph",
          unit: "bytes",
          queries: { [of("barman_last_backup_size_bytes")]: "{{instance}}" },
          width: 8,
        },
        {
          title: "Duration of the newest backup",
          description: "The whole backup, and the copy alone.",
          kind: "graph",
          unit: "s",
          queries: {
            [of("barman_last_backup_duration_total_seconds")]: "{{instance}}: whole",
            [of("barman_last_backup_duration_copy_seconds")]: "{{instance}}: copy",
          },
          width: 8,
        },
        {
          title: "Next backup",
          description: "Time until the next base backup is due.",
          kind: "stat",
          unit: "s",
          queries: { [`${of("postdock_barman_next_backup_time_seconds")} - time()`]: "{{instance}}" },
          none: "not scheduled",
          width: 6,
        },
        {
          title: "Backup under way",
          description: "Whether a base backup is being taken.",
          kind: "stat",
          queries: { [of("postdock_barman_backup_running")]: "{{instance}}" },
          words: { "0": ["none", "green"], "1": ["runs", "blue"] },
          width: 6,
        },
        {
          title: "Its progress",
          description: "Share that has been copied.",
          kind: "stat",
          unit: "percentunit",
          queries: {
            [`${of("postdock_barman_backup_streamed_bytes")} / ${of("postdock_barman_backup_total_bytes")}`]:
              "{{instance}}",
          },
          none: "no backup is taken",
          max: 1,
          width: 6,
        },
        {
          title: "Last verification",
          description: "How long the trial restore took; a restore takes about as long.",
          kind: "stat",
          unit: "s",
          queries: {
            [of("postdock_barman_verify_duration_seconds")]: "took",
            [age("postdock_barman_verify_time_seconds")]: "ago",
          },
          none: "never tried",
          width: 6,
        },
      ],
    },
    {
      title: "Volume, WAL and object store",
      panels: [
        {
          title: "Volume",
          description: "Of BACKUP_DIR. Backups and WAL are refused once it is full.",
          kind: "graph",
          unit: "bytes",
          queries: {
            [of("barman_disk_used_bytes")]: "{{instance}}: used",
            [of("barman_disk_free_bytes")]: "{{instance}}: free",
          },
          stacked: true,
          width: 8,
        },
        {
          title: "WAL not yet received",
          description: "What would be lost with the primary if no standby had it.",
          kind: "graph",
          unit: "bytes",
          queries: { [of("postdock_barman_receiver_lag_bytes")]: "{{instance}}" },
          colours: [["green"], ["red", 256e6]],
          width: 8,
        },
        {
          title: "Missing in the object store",
          description: "What waits to be stored. Empty without an object store.",
          kind: "graph",
          queries: {
            [of("postdock_barman_cloud_waiting_wal_files")]: "{{instance}}: WAL files",
            [of("postdock_barman_cloud_waiting_backups")]: "{{instance}}: base backups",
          },
          none: "no object store",
          width: 8,
        },
      ],
    },
  ],
};
