// Copies files of a base backup by SSH: tar on barman, and tar here. Which files, barman's agent has said.
import { join } from "node:path";
import { postgresAccount, run, tryRun } from "../../../core/runtime/command.ts";
import { ensureDirectory, move, remove } from "../../../core/runtime/files.ts";
import { inParallel } from "../../../core/runtime/parallel.ts";
import type { BackupEntry } from "../../../core/protocol/orders.ts";
import type { BackupPlaces, SshSource } from "./backup-source.ts";
import { type FetchTarget, rootOf, splitPath } from "./fetch-target.ts";

/** How much comes by one connection, bytes, and how long it may take, milliseconds: 300 kB/s at least. */
const batchBytes = 1024 ** 3;
const batchMs = 3_600_000;
/** How many connections there are at the same time. */
const mostConnections = 2;
/** How many files are put in their places at the same time. */
const mostMoves = 16;
/** A record of tar, bytes, and after how many of them tar says how many it has read. */
const recordBytes = 10_240;
const reportRecords = 400;

/** $0: barman's host, $1: the command there, $2: where the files go. The names come on standard input. */
const pipeline = `ssh -l ${postgresAccount.name} -- "$0" "$1" | tar --extract --file=- --directory="$2" ` +
  "--preserve-permissions --no-same-owner --read-full-records " +
  `--checkpoint=${reportRecords} --checkpoint-action=echo=%u`;

export interface SshDeps {
  signal: AbortSignal;
  /** called with what has come since the last call, bytes */
  onBytes: (bytes: number) => void;
}

/** Files that come by one connection: of the data directory, or of one tablespace. */
interface Batch {
  oid: string;
  names: string[];
  bytes: number;
}

/**
 * Fetches the files, whose directories are there. A file is at its place only when it is whole and on disk, with its own time.
 * What an interrupted call has left belongs to no backup. Throws if a connection fails or the signal aborts.
 */
export async function fetchBySsh(
  wanted: readonly BackupEntry[],
  source: SshSource,
  target: FetchTarget,
  deps: SshDeps,
): Promise<void> {
  const batches = inBatches(wanted, batchBytes).map((batch, number) => ({ ...batch, number }));
  await inParallel(mostConnections, batches, async ({ number, ...batch }) => {
    const root = rootOf(batch.oid, target);
    const scratch = join(root, `postdock_ssh_${number}`);
    await ensureDirectory(scratch, { mode: 0o700, owner: postgresAccount });
    await receive(batch, scratch, source, deps);
    await run(["sync", "-f", scratch], { as: postgresAccount, timeoutMs: batchMs });
    await inParallel(mostMoves, batch.names, (name) => move(join(scratch, name), join(root, name)));
    await remove(scratch);
  });
}

/** Cuts files into batches of about this size, bytes. Pure. */
export function inBatches(files: readonly BackupEntry[], most: number): Batch[] {
  const batches: Batch[] = [];
  for (const { path, bytes } of files) {
    const { oid, within } = splitPath(path);
    let last = batches.at(-1);
    if (last?.oid !== oid || last.bytes + bytes > most) {
      last = { oid, names: [], bytes: 0 };
      batches.push(last);
    }
    last.names.push(within);
    last.bytes += bytes;
  }
  return batches;
}

/** What barman's shell runs: it sends the files whose names it reads. Pure. */
export function sendCommand(oid: string, { files, tablespaces }: BackupPlaces): string {
  const directory = oid === "" ? files : `${tablespaces}/${oid}`;
  const quoted = `'${directory.replaceAll("'", "'\\''")}'`;
  // the posix format keeps fractions of a second
  return `exec tar --create --format=posix --file=- --directory=${quoted} --no-unquote --no-recursion --null --files-from=-`;
}

async function receive(
  { oid, names, bytes }: Batch,
  scratch: string,
  { host, places, failure }: SshSource,
  { signal, onBytes }: SshDeps,
): Promise<void> {
  let counted = 0;
  const count = (until: number) => {
    const more = Math.min(until, bytes) - counted;
    if (more <= 0) return;
    counted += more;
    onBytes(more);
  };
  const argv = ["bash", "-o", "pipefail", "-c", pipeline, host, sendCommand(oid, places), scratch];
  const result = await tryRun(argv, {
    as: postgresAccount,
    timeoutMs: batchMs,
    signal,
    input: names.map((name) => `${name}\0`).join(""),
    onLine: (line) => count(recordBytes * Number(progressOf(line) ?? 0)),
    keepBytes: 64 * 1024,
  });
  if (signal.aborted) throw failure("this node was stopped");
  if (result.code === 0) return count(bytes);
  const said = result.stderr.split("\n").filter((line) => line.trim() !== "" && progressOf(line) === undefined);
  const why = result.timedOut
    ? `${bytes} bytes took more than ${batchMs / 60_000} minutes`
    : said.slice(0, 3).join(" | ");
  throw failure(`ssh to ${host}: ${why || `exit code ${result.code}`}`);
}

/** The number of records in a line in which tar says how far it is. */
function progressOf(line: string): string | undefined {
  return /^tar: (\d+)$/.exec(line)?.[1];
}
