// How old this node's data are, in its volume: FAILOVER_MAX_DATA_AGE counts on after a restart of the agent.
import { join } from "node:path";
import { z } from "zod";
import { postgresAccount } from "../../../core/runtime/command.ts";
import { ensureDirectory, exists, readIfThere, remove, writeAtomic } from "../../../core/runtime/files.ts";
import type { Log } from "../../../core/runtime/log.ts";
import { uptimeSeconds } from "../../../core/runtime/proc.ts";
import type { Clock } from "../../../core/runtime/time.ts";
import type { DataAge, Moment } from "../decide/data-age.ts";
import { stateDirectory } from "./journal.ts";

const MomentSchema = z.object({ wallMs: z.number(), boot: z.string().nullable(), uptimeMs: z.number().nullable() });
const Stored = z.object({
  streamed: MomentSchema,
  end: z.object({ timeline: z.number(), lsn: z.string(), at: MomentSchema }).nullable(),
});

const path = (pgdata: string) => join(stateDirectory(pgdata), "data-age.json");

/** What an earlier run has written; null if there is nothing, or it is damaged. */
export async function readDataAge(pgdata: string, log: Log): Promise<DataAge | null> {
  const text = await readIfThere(path(pgdata));
  if (text === null) return null;
  try {
    return Stored.parse(JSON.parse(text));
  } catch {
    log.warn("It is not known for how long this node has not streamed: the age of its data counts from now", {
      file: path(pgdata),
    });
    return null;
  }
}

/** Writes it; null removes it. An empty volume stays empty. Throws if the disk does not take it. */
export async function writeDataAge(pgdata: string, age: DataAge | null): Promise<void> {
  if (age === null) return await remove(path(pgdata));
  if (!await exists(join(pgdata, "PG_VERSION"))) return;
  await ensureDirectory(stateDirectory(pgdata), { mode: 0o700, owner: postgresAccount });
  await writeAtomic(path(pgdata), JSON.stringify(age) + "\n", { mode: 0o600, owner: postgresAccount });
}

/** Now, by all clocks there are. */
export async function momentNow(clock: Pick<Clock, "wallMs">): Promise<Moment> {
  const uptime = uptimeSeconds();
  const boot = (await readIfThere("/proc/sys/kernel/random/boot_id"))?.trim() || null;
  return { wallMs: clock.wallMs(), boot, uptimeMs: uptime === null ? null : uptime * 1000 };
}
