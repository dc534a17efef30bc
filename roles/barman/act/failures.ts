// Which backups have failed their last verification, on barman's volume.
import { z } from "zod";
import { postgresAccount } from "../../../core/runtime/command.ts";
import { readIfThere, writeAtomic } from "../../../core/runtime/files.ts";
import { type Failures, withResult } from "../decide/doubt.ts";
import { failuresPath, type Places } from "../text/places.ts";
import { readBackups } from "./archive.ts";

/** The failures that are known. Throws if the file is damaged: a backup that failed must not count as sound by that. */
export async function readFailures(places: Places): Promise<Failures> {
  const text = await readIfThere(failuresPath(places));
  return text === null ? {} : z.record(z.string(), z.string()).parse(JSON.parse(text));
}

/** Remembers the result of a verification. */
export async function keepResult(result: { backup: string; error: string | null }, places: Places): Promise<void> {
  const { backups } = await readBackups(places);
  const failures = withResult(await readFailures(places), result, backups);
  await writeAtomic(failuresPath(places), JSON.stringify(failures) + "\n", { mode: 0o644, owner: postgresAccount });
}
