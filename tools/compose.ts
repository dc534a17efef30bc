// Where the example cluster's Compose file is and what its project is called.
import { join } from "node:path";
import { root } from "./terminal.ts";

/** Compose's own choice for compose/latest.yml, so that commands typed by hand meet the same project. */
export const project = "compose";

export const composeFile = ["-f", join(root, "compose", "latest.yml")];
