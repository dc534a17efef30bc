// The SSH key pair of the example cluster, made once and kept out of git.
import { chmod, mkdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { execute, root, say } from "./terminal.ts";

/** Makes compose/ssh/keys/id_rsa and id_rsa.pub unless they exist. Returns the directory. */
export async function ensureSshKeys(): Promise<string> {
  const directory = join(root, "compose", "ssh", "keys");
  const key = join(directory, "id_rsa");
  if (await stat(key).catch(() => null)) return directory;
  say("Making an SSH key pair in compose/ssh/keys (not in git)");
  await mkdir(directory, { recursive: true });
  await execute(["ssh-keygen", "-q", "-t", "rsa", "-b", "3072", "-N", "", "-C", "postdock", "-f", key], {
    timeoutMs: 60_000,
  });
  await chmod(key, 0o600);
  return directory;
}
