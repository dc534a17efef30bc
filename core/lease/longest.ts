// The longest LEASE_TTL under which this voter may have granted the lease, on disk: after a start it is silent for that long.
// So LEASE_TTL may differ between nodes for a while, and a voter that was restarted with a shorter one forgets no longer grant.
import { join } from "node:path";
import { z } from "zod";
import { errorText } from "../words/errors.ts";
import { postgresAccount } from "../runtime/command.ts";
import { ensureDirectory, readIfThere, writeAtomic } from "../runtime/files.ts";
import type { Log } from "../runtime/log.ts";

const Stored = z.object({ ttlMs: z.number().int().positive() });

/** Before this file existed LEASE_TTL was 5 s. A voter without a file may have granted for that long, milliseconds. */
const unknownMs = 5_000;
/** The longest LEASE_TTL that there is, milliseconds: for a file that cannot be read. */
const unreadableMs = 60_000;

export interface LongestLease {
  /** milliseconds, as it is on disk */
  ms(): number;
  /** writes what `ms` says when its turn has come; resolves once that is on disk; throws if it cannot be */
  set(ms: () => number): Promise<void>;
}

/** The record in `directory`, at least `configuredMs`. If that cannot be written, it stays less, and so does what is granted. */
export async function openLongestLease(directory: string, configuredMs: number, log: Log): Promise<LongestLease> {
  const path = join(directory, "lease.json");
  let onDisk = await read(path, log);
  let writing: Promise<void> = Promise.resolve();
  const write = async (ttlMs: number) => {
    await ensureDirectory(directory, { mode: 0o700, owner: postgresAccount });
    await writeAtomic(path, JSON.stringify({ ttlMs }) + "\n", { mode: 0o600, owner: postgresAccount });
    onDisk = ttlMs;
  };
  const inTurn = (what: () => Promise<void>) => writing = writing.catch(() => {}).then(what);
  const longest: LongestLease = {
    ms: () => onDisk,
    set: (ms) => inTurn(() => write(ms())),
  };
  if (onDisk < configuredMs) {
    await longest.set(() => configuredMs).catch((error) =>
      log.error("This voter cannot record its LEASE_TTL, and grants shorter leases only", {
        ttlMs: onDisk,
        why: errorText(error),
      })
    );
  }
  return longest;
}

async function read(path: string, log: Log): Promise<number> {
  const text = await readIfThere(path);
  if (text === null) return unknownMs;
  try {
    return Stored.parse(JSON.parse(text)).ttlMs;
  } catch {
    log.warn("The longest lease that this voter has granted cannot be read", { file: path, assumedMs: unreadableMs });
    return unreadableMs;
  }
}
