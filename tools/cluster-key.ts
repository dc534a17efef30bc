// The CLUSTER_KEY of the example cluster, made once and kept out of git.
import { randomBytes } from "node:crypto";
import { appendFile, readFile } from "node:fs/promises";
import { join } from "node:path";
import { root, say } from "./terminal.ts";

/** Writes CLUSTER_KEY into compose/.env, which Compose reads, unless it has one. */
export async function ensureClusterKey(): Promise<void> {
  const path = join(root, "compose", ".env");
  const present = await readFile(path, "utf8").catch(() => "");
  if (/^CLUSTER_KEY=/m.test(present)) return;
  say("Making a CLUSTER_KEY in compose/.env (not in git)");
  const before = present === "" || present.endsWith("\n") ? "" : "\n";
  await appendFile(path, `${before}CLUSTER_KEY=${randomBytes(32).toString("hex")}\n`, { mode: 0o600 });
}
