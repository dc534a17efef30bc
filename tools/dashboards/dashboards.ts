// PURE: the dashboards of monitoring/dashboards/, which `deno task docs` writes.
import { backupDashboard } from "./backup.ts";
import { clusterDashboard } from "./cluster.ts";
import { nodeDashboard } from "./node.ts";
import { renderDashboard } from "./panel.ts";
import { poolDashboard } from "./pool.ts";

/** The text of each file, by its path. */
export const dashboardFiles: Readonly<Record<string, () => string>> = Object.fromEntries(
  [clusterDashboard, nodeDashboard, poolDashboard, backupDashboard].map((dashboard) => [
    `monitoring/dashboards/${dashboard.name}.json`,
    () => renderDashboard(dashboard),
  ]),
);
