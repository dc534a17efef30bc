// The SSH keys of the example cluster, made once and kept out of git: a pair to log in with, and the key of all hosts.
import { chmod, mkdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { execute, root, say } from "./terminal.ts";

const kinds = { id_rsa: ["-t", "rsa", "-b", "3072"], ssh_host_ed25519_key: ["-t", "ed25519"] } as const;

/** Makes compose/ssh/keys/id_rsa and ssh_host_ed25519_key with their public keys unless they exist. Returns the directory. */
export async function ensureSshKeys(): Promise<string> {
  const directory = join(root, "compose", "ssh", "keys");
  for (const [name, kind] of Object.entries(kinds)) {
    const key = join(directory, name);
    if (await stat(key).catch(() => null)) continue;
    say(`Making an SSH key in compose/ssh/keys (not in git): ${name}`);
    await mkdir(directory, { recursive: true });
    await execute(["ssh-keygen", "-q", ...kind, "-N", "", "-C", "postdock", "-f", key], { timeoutMs: 60_000 });
    await chmod(key, 0o600);
  }
  return directory;
}
