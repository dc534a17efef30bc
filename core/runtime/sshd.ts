// sshd for the postgres user with the keys mounted at /tmp/.ssh/keys (SSH_ENABLE=1): key only, no root login.
// Host keys are made at the start. All containers share one key pair, by which each of them may log in to every other.
import { join } from "node:path";
import { type Account, postgresAccount, run } from "./command.ts";
import { ExitCode, OperatorError } from "../words/errors.ts";
import { ensureDirectory, exists, modeOf, readIfThere, writeAtomic } from "./files.ts";
import type { ChildSpec } from "./supervisor.ts";

export const sshKeysDirectory = "/tmp/.ssh/keys";
const configPath = "/etc/ssh/sshd_config.postdock";
const hostKeyPath = "/etc/ssh/ssh_host_ed25519_key";

/** Where prepareSshd() writes, and where sshd listens. */
export const sshdPaths: readonly string[] = ["/etc/ssh", join(postgresAccount.home, ".ssh"), "/run"];
export const sshdPort = { port: 22, by: "sshd", change: "set SSH_ENABLE=0" } as const;

/** The whole sshd_config. Pure. */
export function renderSshdConfig(account: Account): string {
  return [
    "Port 22",
    `HostKey ${hostKeyPath}`,
    "PermitRootLogin no",
    `AllowUsers ${account.name}`,
    "PubkeyAuthentication yes",
    "AuthenticationMethods publickey",
    "PasswordAuthentication no",
    "KbdInteractiveAuthentication no",
    "UsePAM no",
    "X11Forwarding no",
    "AllowTcpForwarding no",
    "PrintMotd no",
    "PidFile /run/sshd.pid",
    "Subsystem sftp internal-sftp",
    "",
  ].join("\n");
}

/** The ssh client's settings for the postgres user: no prompts, and a limit on the time to connect. Pure. */
export function renderSshClientConfig(): string {
  return [
    "Host *",
    "  BatchMode yes",
    "  StrictHostKeyChecking no",
    "  UserKnownHostsFile /dev/null",
    "  LogLevel ERROR",
    "  ConnectTimeout 5",
    "  ServerAliveInterval 10",
    "",
  ].join("\n");
}

/**
 * Installs the mounted keys for the postgres user, writes sshd's configuration and makes its host key.
 * Returns the child to supervise. Throws an OperatorError when a key is missing, empty or not a key.
 */
export async function prepareSshd(): Promise<ChildSpec> {
  const account = postgresAccount;
  const { privateKey, publicKey } = await mountedKeys();
  const directory = join(account.home, ".ssh");
  await ensureDirectory(directory, { mode: 0o700, owner: account });
  await writeAtomic(join(directory, "id_rsa"), privateKey, { mode: 0o600, owner: account });
  await writeAtomic(join(directory, "id_rsa.pub"), publicKey, { mode: 0o644, owner: account });
  await writeAtomic(join(directory, "authorized_keys"), publicKey, { mode: 0o600, owner: account });
  await writeAtomic(join(directory, "config"), renderSshClientConfig(), { mode: 0o600, owner: account });
  await checkKeyPair(join(directory, "id_rsa"), publicKey);
  await ensureDirectory("/run/sshd", { mode: 0o755 });
  if (!(await exists(hostKeyPath))) {
    await run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", hostKeyPath], { timeoutMs: 20_000 });
  }
  await writeAtomic(configPath, renderSshdConfig(account), { mode: 0o644 });
  return {
    name: "sshd",
    argv: ["/usr/sbin/sshd", "-D", "-e", "-f", configPath],
    stop: [{ signal: "SIGTERM", waitMs: 1_000 }],
  };
}

/** The mounted key pair, unchanged. Throws an OperatorError when a key is missing or empty. */
export async function mountedKeys(): Promise<{ privateKey: string; publicKey: string }> {
  return { privateKey: await mountedKey("id_rsa"), publicKey: await mountedKey("id_rsa.pub") };
}

async function mountedKey(name: string): Promise<string> {
  const path = join(sshKeysDirectory, name);
  const text = await readIfThere(path);
  if (text !== null && text.trim() !== "") return text.endsWith("\n") ? text : text + "\n";
  const directory = await modeOf(sshKeysDirectory);
  throw new OperatorError({
    what: `SSH_ENABLE=1, but ${path} is ${text === null ? "missing" : "empty"}`,
    why: directory === null ? `nothing is mounted at ${sshKeysDirectory}` : `${sshKeysDirectory} is mounted without it`,
    fix: "make a pair with `ssh-keygen -t rsa -N '' -f id_rsa`, mount the directory that holds id_rsa and id_rsa.pub " +
      `at ${sshKeysDirectory} in every container, or set SSH_ENABLE=0`,
    exitCode: ExitCode.config,
  });
}

async function checkKeyPair(privatePath: string, publicKey: string): Promise<void> {
  const derived = await run(["ssh-keygen", "-y", "-P", "", "-f", privatePath], { timeoutMs: 10_000 }).catch((error) => {
    throw new OperatorError({
      what: `${sshKeysDirectory}/id_rsa is not a private key without passphrase`,
      fix: "mount a key made with `ssh-keygen -t rsa -N '' -f id_rsa`",
      exitCode: ExitCode.config,
      cause: error,
    });
  });
  const [type, key] = derived.stdout.trim().split(" ");
  if (publicKey.trim().startsWith(`${type} ${key}`)) return;
  throw new OperatorError({
    what: `${sshKeysDirectory}/id_rsa.pub does not belong to ${sshKeysDirectory}/id_rsa`,
    fix: "mount both files of one pair, and the same pair in all containers",
    exitCode: ExitCode.config,
  });
}
