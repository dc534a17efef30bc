// The highest epoch that a voter has granted, on disk. It is written and flushed before the voter answers, so that neither a
// restart nor a crash makes it forget.
import { join } from "node:path";
import { z } from "zod";
import { postgresAccount } from "../runtime/command.ts";
import { ensureDirectory, readIfThere, writeAtomic } from "../runtime/files.ts";
import type { Log } from "../runtime/log.ts";

const Stored = z.object({ highest: z.number().int().nonnegative() });

export interface Epochs {
  /** null: the file is there, but cannot be read */
  highest(): number | null;
  /** counts at once, so that no second question gets the same number; resolves once it is on disk; throws if it cannot be */
  raise(to: number): Promise<void>;
}

/** The epochs in the directory `directory`. A file that cannot be read is named in the log, and the voter grants no epoch. */
export async function openEpochs(directory: string, log: Log): Promise<Epochs> {
  const path = join(directory, "epoch.json");
  let highest = await read(path, log);
  let writing: Promise<void> = Promise.resolve();
  const write = async (to: number) => {
    await ensureDirectory(directory, { mode: 0o700, owner: postgresAccount });
    await writeAtomic(path, JSON.stringify({ highest: to }) + "\n", { mode: 0o600, owner: postgresAccount });
  };
  return {
    highest: () => highest,
    raise: async (to) => {
      if (to <= (highest ?? 0)) return await writing; // another question waits for the same number to be on disk
      highest = to;
      const raising = writing.catch(() => {}).then(() => write(to));
      writing = raising;
      raising.catch(() => {}); // its callers report it
      await raising;
    },
  };
}

async function read(path: string, log: Log): Promise<number | null> {
  const text = await readIfThere(path);
  if (text === null) return 0;
  try {
    return Stored.parse(JSON.parse(text)).highest;
  } catch {
    log.error("The epochs that this voter has granted cannot be read; it grants none", {
      file: path,
      fix: "while the cluster has a primary, remove this file and restart this container",
    });
    return null;
  }
}
