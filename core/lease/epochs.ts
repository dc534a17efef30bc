// The highest epoch that a voter has granted and the leaderships that had one, on disk. It is written and flushed before the voter answers, so that neither a
// restart nor a crash makes it forget.
import { join } from "node:path";
import { z } from "zod";
import { postgresAccount } from "../runtime/command.ts";
import { ensureDirectory, exists, readIfThere, writeAtomic, writeBySpare } from "../runtime/files.ts";
import { leadershipSchema } from "../protocol/leadership.ts";
import type { Log } from "../runtime/log.ts";
import { type Leadership, withLeaderships } from "./decide/epoch.ts";

const StoredSchema = z.object({
  highest: z.number().int().nonnegative(),
  leaderships: z.array(leadershipSchema).default([]),
});
interface Stored {
  highest: number;
  leaderships: readonly Leadership[];
}

export interface Epochs {
  /** null: the file is there, but cannot be read */
  highest(): number | null;
  /** what has been granted, the newest leadership of each configuration */
  leaderships(): readonly Leadership[];
  /** counts at once, so that no second question gets the same number; resolves once it is on disk; throws if it cannot be */
  grant(leadership: Leadership): Promise<void>;
}

/** The epochs in the directory `directory`. A file that cannot be read is named in the log, and the voter grants no epoch. */
export async function openEpochs(directory: string, log: Log): Promise<Epochs> {
  const path = join(directory, "epoch.json");
  const file = new RoomyFile(path);
  let stored = await read(path, log);
  let writing: Promise<void> = Promise.resolve();
  const write = async (what: Stored) => {
    await ensureDirectory(directory, { mode: 0o700, owner: postgresAccount });
    await file.write(JSON.stringify(what) + "\n");
  };
  await file.makeSpare();
  return {
    highest: () => stored?.highest ?? null,
    leaderships: () => stored?.leaderships ?? [],
    grant: async (leadership) => {
      if (leadership.epoch <= (stored?.highest ?? 0)) return await writing; // another question waits for it to be on disk
      const next = {
        highest: leadership.epoch,
        leaderships: withLeaderships(stored?.leaderships ?? [], [leadership]),
      };
      stored = next;
      const granting = writing.catch(() => {}).then(() => write(next));
      writing = granting;
      granting.catch(() => {}); // its callers report it
      await granting;
    },
  };
}

/** A disk block, bytes. A spare has at least one more than the content: the next content may be longer. */
const blockBytes = 4096;

/**
 * A small file that can be written on a full disk: a spare lies beside it, and the two take turns. Otherwise a voter on a full
 * disk would grant no epoch, and the other nodes might find no majority.
 */
class RoomyFile {
  private readonly spare: string;

  constructor(private readonly path: string) {
    this.spare = `${path}.spare`;
  }

  async write(text: string): Promise<void> {
    const spareBytes = await this.spareBytes();
    if (Buffer.byteLength(text) <= spareBytes && await exists(this.path)) {
      await writeBySpare(this.path, padded(text, spareBytes), this.spare);
    } else {
      await writeAtomic(this.path, text, access);
    }
    await this.makeSpare();
  }

  /** A spare beside a file that is there already. Where there is no room for it, the next write tries again. */
  async makeSpare(): Promise<void> {
    const text = await readIfThere(this.path);
    if (text === null) return;
    const bytes = (Math.ceil(Buffer.byteLength(text.trimEnd()) / blockBytes) + 1) * blockBytes;
    if ((await this.spareBytes()) >= bytes) return;
    await writeAtomic(this.spare, padded("", bytes), access).catch(() => {});
  }

  private async spareBytes(): Promise<number> {
    return Buffer.byteLength(await readIfThere(this.spare) ?? "");
  }
}

const access = { mode: 0o600, owner: postgresAccount };

function padded(text: string, bytes: number): Buffer {
  const buffer = Buffer.alloc(bytes, " ");
  buffer.write(text);
  return buffer;
}

async function read(path: string, log: Log): Promise<Stored | null> {
  const text = await readIfThere(path);
  if (text === null) return { highest: 0, leaderships: [] };
  try {
    return StoredSchema.parse(JSON.parse(text));
  } catch {
    log.error("The epochs that this voter has granted cannot be read; it grants none", {
      file: path,
      fix: "while the cluster has a primary, remove this file and restart this container",
    });
    return null;
  }
}
