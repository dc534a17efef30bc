// The object store: barman's own programs for it, and ours on top of its library. Keys reach only these processes, and only by
// their environment.
import type { BarmanConfig } from "../../../config/barman.ts";
import { commandErrorText, type CommandResult, postgresAccount, tryRun } from "../../../core/runtime/command.ts";
import type { ChildSpec } from "../../../core/runtime/supervisor.ts";
import { OperatorError } from "../../../core/words/errors.ts";
import type { Store } from "../decide/cloud.ts";
import type { Keep } from "./barman-cli.ts";
import { parseCopied, parseStore, troubleOf } from "../text/cloud-output.ts";
import { cloudProgram } from "../text/cloud-program.ts";
import { backupDirectory, cloudDirectory, serverHome, uploadDirectory } from "../text/places.ts";

const as = postgresAccount;
const listMs = 300_000;
/** For a number of WAL files; each has at most 16 MB by default. */
const copyMs = 900_000;
const commandMs = 600_000;
const restoreMs = 48 * 3_600_000;
const gentle = ["nice", "-n", "19", "ionice", "-c", "3"];

const env = (config: BarmanConfig) => ({
  ...keysOf(config),
  AWS_DEFAULT_REGION: config.cloudRegion,
  AWS_RETRY_MODE: "standard",
  AWS_MAX_ATTEMPTS: "2", // the next attempt is ours, after a pause
  // newer checksums that only AWS knows make other stores refuse an upload
  AWS_REQUEST_CHECKSUM_CALCULATION: "when_required",
  AWS_RESPONSE_CHECKSUM_VALIDATION: "when_required",
  TMPDIR: cloudDirectory(config),
});

function keysOf(config: BarmanConfig): Record<string, string> {
  const file = config.cloudCredentials;
  if (file === "instance") return {};
  const keys: Record<string, string> = file === ""
    ? { AWS_ACCESS_KEY_ID: config.cloudAccessKey, AWS_SECRET_ACCESS_KEY: config.cloudSecretKey }
    : { AWS_SHARED_CREDENTIALS_FILE: file };
  // elsewhere than at AWS nobody answers there, and each call would wait for that
  return { ...keys, AWS_EC2_METADATA_DISABLED: "true" };
}

/** Throws OperatorError with the variable to look at. */
function failed(said: string, config: BarmanConfig): never {
  throw new OperatorError(troubleOf(said, config));
}

async function program(
  config: BarmanConfig,
  what: { do: "list" | "put" | "get"; names?: readonly string[]; timeoutMs: number },
  signal?: AbortSignal,
): Promise<CommandResult> {
  const { cloudUrl, cloudEndpoint, serverName } = config;
  const { encryption, kmsKey } = encryptionOf(config);
  const store = [cloudUrl, cloudEndpoint, encryption, kmsKey, serverName, serverHome(config)];
  const argv = ["python3", "-", what.do, ...store, ...what.names ?? []];
  return await tryRun([...gentle, ...argv], {
    as,
    timeoutMs: what.timeoutMs,
    input: cloudProgram,
    env: env(config),
    keepBytes: 256 * 1024 * 1024,
    ...(signal ? { signal } : {}),
  });
}

/** What a run said that has failed. */
function saidBy(result: CommandResult): string {
  const copied = result.code === 1 && result.stdout.includes('"error"') ? parseCopied(result.stdout).error : null;
  return copied ?? commandErrorText(result);
}

/** All that is in the store. Throws OperatorError if it cannot be read. */
export async function listStore(config: BarmanConfig, signal?: AbortSignal, timeoutMs = listMs): Promise<Store> {
  const result = await program(config, { do: "list", timeoutMs }, signal);
  return result.code === 0 ? parseStore(result.stdout) : failed(saidBy(result), config);
}

/** Files that were stored or fetched, one after the other; `gone`: no longer here; `trouble`: what ended it early. */
export interface Copied {
  done: string[];
  gone: string[];
  trouble: OperatorError | null;
}

/** Stores files below the server's directory, in this order. */
export async function putFiles(config: BarmanConfig, names: readonly string[], signal?: AbortSignal): Promise<Copied> {
  return copied(await program(config, { do: "put", names, timeoutMs: copyMs }, signal), config);
}

/** Fetches objects into the server's directory. */
export async function getFiles(config: BarmanConfig, keys: readonly string[], signal?: AbortSignal): Promise<Copied> {
  return copied(await program(config, { do: "get", names: keys, timeoutMs: copyMs }, signal), config);
}

function copied(result: CommandResult, config: BarmanConfig): Copied {
  const whole = result.stdout.slice(0, result.stdout.lastIndexOf("\n") + 1); // it may have been ended within a line
  const { done, gone } = parseCopied(whole);
  return { done, gone, trouble: result.code === 0 ? null : new OperatorError(troubleOf(saidBy(result), config)) };
}

/** How the store is to encrypt what it gets; empty: as the bucket is set up. */
const encryptionOf = (config: BarmanConfig) => ({
  encryption: config.cloudEncryption === "none" ? "" : config.cloudEncryption,
  kmsKey: config.cloudKmsKey,
});

const place = ({ cloudUrl, cloudEndpoint, serverName }: BarmanConfig) => [
  ...(cloudEndpoint === "" ? [] : ["--endpoint-url", cloudEndpoint]),
  cloudUrl,
  serverName,
];

/**
 * The upload of a base backup as a child: barman's program believes that it is the script that barman runs after a backup.
 * `record`: the path of barman's record of it.
 */
export function uploadChild(config: BarmanConfig, id: string, record: string): ChildSpec {
  const { encryption, kmsKey } = encryptionOf(config);
  const how = [
    "--gzip",
    ...(encryption === "" ? [] : ["--encryption", encryption]),
    ...(kmsKey === "" ? [] : ["--sse-kms-key-id", kmsKey]),
  ];
  return {
    name: "cloud-backup",
    argv: [...gentle, "barman-cloud-backup", ...how, ...place(config)],
    as,
    env: {
      ...env(config),
      TMPDIR: uploadDirectory(config),
      BARMAN_HOOK: "backup_script",
      BARMAN_PHASE: "post",
      BARMAN_STATUS: "DONE",
      BARMAN_BACKUP_ID: id,
      BARMAN_BACKUP_DIR: backupDirectory(config, id),
      BARMAN_BACKUP_INFO_PATH: record,
    },
    restart: { restart: "never", firstPauseMs: 0, maxPauseMs: 0, steadyMs: 0 },
    stop: [{ signal: "SIGINT", waitMs: 2_500 }],
  };
}

/** Removes a backup from the store, and the WAL that only it needed. The caller has logged why. */
export async function deleteStored(config: BarmanConfig, id: string, signal?: AbortSignal): Promise<void> {
  await plain(["barman-cloud-backup-delete", "--backup-id", id, ...place(config)], commandMs, config, signal);
}

/** Exempts a backup in the store from the retention policy, or ends that. */
export async function keepStored(config: BarmanConfig, id: string, how: Keep, signal?: AbortSignal): Promise<void> {
  const option = how === "release" ? ["--release"] : ["--target", how];
  await plain(["barman-cloud-backup-keep", ...option, ...place(config), id], commandMs, config, signal);
}

/** Fetches a base backup into its place in barman's directory, which is empty. `tablespaces`: their names and oids. */
export async function fetchBackup(
  config: BarmanConfig,
  id: string,
  tablespaces: readonly { name: string; oid: string }[],
  signal?: AbortSignal,
): Promise<void> {
  const directory = backupDirectory(config, id);
  const moved = tablespaces.flatMap(({ name, oid }) => ["--tablespace", `${name}:${directory}/${oid}`]);
  await plain(["barman-cloud-restore", ...moved, ...place(config), id, `${directory}/data`], restoreMs, config, signal);
}

async function plain(argv: readonly string[], timeoutMs: number, config: BarmanConfig, signal?: AbortSignal) {
  const result = await tryRun(argv, { as, timeoutMs, env: env(config), ...(signal ? { signal } : {}) });
  if (result.code !== 0) failed(commandErrorText(result), config);
}
