// sshd for the postgres user with the keys mounted at /tmp/.ssh/keys (SSH_ENABLE=1): key only, no root login.
// All containers share one key pair, by which each of them may log in to every other and run a command there, and nothing else.
// Whom they reach is checked by what else is mounted there: a host key that they share as well, or known_hosts.
import { join } from "node:path";
import { type Account, postgresAccount, run } from "./command.ts";
import { ExitCode, OperatorError } from "../words/errors.ts";
import { ensureDirectory, exists, modeOf, readMounted, writeAtomic } from "./files.ts";
import type { ChildSpec } from "./supervisor.ts";

export const sshKeysDirectory = "/tmp/.ssh/keys";
/** Root's own where sshd is root: what sshd believes. */
const directoryOfSshd = "/run/sshd";
const configPath = `${directoryOfSshd}/sshd_config`;
const hostKeyPath = `${directoryOfSshd}/ssh_host_ed25519_key`;
export const sshdPidPath = `${directoryOfSshd}/sshd.pid`;
const hostCertificatePath = `${hostKeyPath}-cert.pub`;

/** Where prepareSshd() writes, and where sshd listens. */
export const sshdPaths: readonly string[] = [directoryOfSshd];
export const sshdPort = { port: 22, by: "sshd", change: "set SSH_ENABLE=0" } as const;

/** The whole sshd_config. Pure. */
export function renderSshdConfig(account: Account, hostCertificate: boolean): string {
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
    "DisableForwarding yes",
    "PermitUserRC no",
    ...hostCertificate ? [`HostCertificate ${hostCertificatePath}`] : [],
    "PrintMotd no",
    `PidFile ${sshdPidPath}`,
    // it would refuse a /run that everybody may write, which a tmpfs is
    "StrictModes no",
    "Subsystem sftp internal-sftp",
    "",
  ].join("\n");
}

/**
 * The ssh client's settings for the postgres user: no prompts, and a limit on the time to connect. `checked`: there is a
 * known_hosts. Pure.
 */
export function renderSshClientConfig(checked: boolean): string {
  return [
    "Host *",
    "  BatchMode yes",
    ...checked
      ? ["  StrictHostKeyChecking yes", "  UserKnownHostsFile ~/.ssh/known_hosts"]
      : ["  StrictHostKeyChecking no", "  UserKnownHostsFile /dev/null"],
    "  LogLevel ERROR",
    "  ConnectTimeout 5",
    "  ServerAliveInterval 10",
    "",
  ].join("\n");
}

/** The mounted public keys as keys that may log in: for a command, without a terminal and without any forwarding. Pure. */
export function renderAuthorizedKeys(publicKeys: string): string {
  const keys = publicKeys.split("\n").map((line) => line.trim()).filter((line) => line !== "" && !line.startsWith("#"));
  return keys.map((key) => `restrict ${key}\n`).join("");
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
  await writeAtomic(join(directory, "authorized_keys"), renderAuthorizedKeys(publicKey), {
    mode: 0o600,
    owner: account,
  });
  await checkKeyPair(join(directory, "id_rsa"), publicKey);
  await ensureDirectory(directoryOfSshd, { mode: 0o755 });
  const host = await prepareHostKey();
  if (host.known !== null) {
    await writeAtomic(join(directory, "known_hosts"), host.known, { mode: 0o644, owner: account });
  }
  const client = renderSshClientConfig(host.known !== null);
  await writeAtomic(join(directory, "config"), client, { mode: 0o600, owner: account });
  await writeAtomic(configPath, renderSshdConfig(account, host.certified), { mode: 0o644 });
  return {
    name: "sshd",
    argv: ["/usr/sbin/sshd", "-D", "-e", "-f", configPath],
    stop: [{ signal: "SIGTERM", waitMs: 1_000 }],
  };
}

/**
 * Installs the mounted host key with its certificate, or makes a host key. Returns what a mounted known_hosts says; without one a
 * mounted host key is that of every host; null: nobody can be checked.
 */
async function prepareHostKey(): Promise<{ known: string | null; certified: boolean }> {
  const mounted = (name: string) => readMounted(join(sshKeysDirectory, name));
  const [key, certificate, known] = await Promise.all(
    ["ssh_host_ed25519_key", "ssh_host_ed25519_key-cert.pub", "known_hosts"].map(mounted),
  );
  if (!key) {
    const make = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", hostKeyPath];
    if (!(await exists(hostKeyPath))) await run(make, { timeoutMs: 20_000 });
    return { known: known || null, certified: false };
  }
  await writeAtomic(hostKeyPath, key.endsWith("\n") ? key : key + "\n", { mode: 0o600 });
  if (certificate) await writeAtomic(hostCertificatePath, certificate, { mode: 0o644 });
  if (known) return { known, certified: Boolean(certificate) };
  const publicKey = await publicKeyOf(hostKeyPath, "ssh_host_ed25519_key");
  return { known: `* ${publicKey}\n`, certified: Boolean(certificate) };
}

/** The mounted key pair, unchanged. Throws an OperatorError when a key is missing or empty. */
export async function mountedKeys(): Promise<{ privateKey: string; publicKey: string }> {
  return { privateKey: await mountedKey("id_rsa"), publicKey: await mountedKey("id_rsa.pub") };
}

async function mountedKey(name: string): Promise<string> {
  const path = join(sshKeysDirectory, name);
  const text = await readMounted(path);
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

/** The public key that belongs to a mounted private key. Throws OperatorError if it is none, or has a passphrase. */
async function publicKeyOf(path: string, name: string): Promise<string> {
  const derived = await run(["ssh-keygen", "-y", "-P", "", "-f", path], { timeoutMs: 10_000 }).catch((error) => {
    throw new OperatorError({
      what: `${sshKeysDirectory}/${name} is not a private key without passphrase`,
      fix: `mount a key made with \`ssh-keygen -t ${name === "id_rsa" ? "rsa" : "ed25519"} -N '' -f ${name}\``,
      exitCode: ExitCode.config,
      cause: error,
    });
  });
  return derived.stdout.trim().split(" ").slice(0, 2).join(" ");
}

async function checkKeyPair(privatePath: string, given: string): Promise<void> {
  const publicKey = await publicKeyOf(privatePath, "id_rsa");
  if (given.trim().startsWith(publicKey)) return;
  throw new OperatorError({
    what: `${sshKeysDirectory}/id_rsa.pub does not belong to ${sshKeysDirectory}/id_rsa`,
    fix: "mount both files of one pair, and the same pair in all containers",
    exitCode: ExitCode.config,
  });
}
