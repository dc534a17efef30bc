// The root of the data directory: there, writable, and the property of the account that PostgreSQL runs as.
import { join } from "node:path";
import { postgresAccount, run } from "../../../core/runtime/command.ts";
import { ensureNamedDirectory, exists, modeOf, remove, setAccess, writeAtomic } from "../../../core/runtime/files.ts";
import type { Log } from "../../../core/runtime/log.ts";
import { errorText } from "../../../core/words/errors.ts";
import { notOurs, unwritable } from "../decide/unwritable.ts";

const isRoot = () => process.getuid?.() === 0;

/** Makes the data directory if it is not there. Throws OperatorError if it cannot be used; a full volume is only named. */
export async function preparePgdata(pgdata: string, log: Log): Promise<void> {
  const { uid } = postgresAccount;
  if (!isRoot()) await requireOwner(pgdata);
  try {
    await ensureNamedDirectory(pgdata, { mode: 0o700, owner: postgresAccount });
    const probe = join(pgdata, "pgsql_tmp.write-test");
    await writeAtomic(probe, "", { mode: 0o600, owner: postgresAccount });
    await remove(probe);
    // an ext4 volume has one, owned by root: pg_basebackup and pg_rewind give up at a directory that they cannot read
    const lostAndFound = join(pgdata, "lost+found");
    if (await exists(lostAndFound)) await setAccess(lostAndFound, { mode: 0o700, owner: postgresAccount });
  } catch (error) {
    const owner = (await modeOf(pgdata))?.uid ?? null;
    const ends = unwritable({ pgdata, owner, uid }, error);
    if (ends !== null) throw ends;
    log.warn("The volume of the data directory is full", { pgdata, why: errorText(error) });
  }
  // a volume of 1.x may belong to another uid of the same image family
  const version = await modeOf(join(pgdata, "PG_VERSION"));
  if (version !== null && version.uid !== uid && isRoot()) {
    await run(["chown", "-h", "-R", "-P", "postgres:postgres", pgdata], { timeoutMs: 3_600_000 });
  }
}

/** What a container without root cannot mend. */
async function requireOwner(pgdata: string): Promise<void> {
  const { uid } = postgresAccount;
  for (const path of [pgdata, join(pgdata, "PG_VERSION"), join(pgdata, "lost+found")]) {
    const owner = (await modeOf(path))?.uid ?? uid;
    if (owner !== uid) throw notOurs({ pgdata, path, owner, uid });
  }
}
