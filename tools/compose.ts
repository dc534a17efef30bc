// The example cluster's Compose file and its project name.
import { join } from "node:path";
import { root } from "./terminal.ts";

/** The name that Compose itself derives for compose/latest.yml, so that commands typed by hand use the same project. */
export const project = "compose";

export const composeFile = ["-f", join(root, "compose", "latest.yml")];

/** Prometheus and Alertmanager beside it. */
export const monitoringFile = ["-f", join(root, "compose", "monitoring.yml")];
