// `barman keep`: a backup that must stay, whatever the retention policy says.
import type { Command } from "../../core/runtime/context.ts";
import { ExitCode, OperatorError } from "../../core/words/errors.ts";
import { printer } from "../../core/runtime/printer.ts";
import { endUsesOf, markAfterwards } from "./act/uses.ts";
import { readSources } from "./act/archive.ts";
import { chainOf } from "./decide/backup-kind.ts";
import type { BackupRecord } from "./text/backup-info.ts";
import type { Places } from "./text/places.ts";
import { type Keep, keepBackup, listBackups } from "./tools/barman-cli.ts";
import type { Backup } from "./text/barman-output.ts";
import { loadBarmanConfig } from "./role.ts";

/** `barman keep ID [--full | --release] [--json]`. */
export const keepCommand: Command = async (context, { args, options }) => {
  const config = loadBarmanConfig(context);
  const out = printer(context, options);
  const how = howOf(options.full === true, options.release === true);
  const backup = backupOf(args[0] ?? "", await listBackups(config.serverName));
  if (how !== "release") await refuseIncrement(backup, how, config);
  const later = how === "standalone" && await markAfterwards(backup.id, how, config);
  if (how === "release") await endUsesOf(backup.id, config);
  // a restore that uses it keeps it in full until its end
  if (!later) await keepBackup(config.serverName, backup.id, how);
  if (how === "full") await markAfterwards(backup.id, how, config);
  out.say(saidOf(backup.id, how));
  out.result({ server: config.serverName, backup: backup.id, keep: how });
  return ExitCode.ok;
};

/** barman keeps full backups only, and if one is kept without the WAL after it, those that build on it go with the policy. */
async function refuseIncrement({ id }: Backup, how: Keep, places: Places): Promise<void> {
  const { backups } = await readSources(places);
  const why = whyNotKept(id, how, backups);
  if (why !== null) {
    throw new OperatorError({ what: `Backup ${id} cannot be kept so`, ...why, exitCode: ExitCode.refused });
  }
}

/** Why a backup is not kept, because of others that it builds on or that build on it; null: it can be. */
export function whyNotKept(
  id: string,
  how: Keep,
  backups: readonly Pick<BackupRecord, "id" | "parent">[],
): { why: string; fix: string } | null {
  const full = chainOf(id, backups)?.[0] ?? id;
  if (full !== id) {
    return { why: `it is incremental and builds on ${full}`, fix: `keep both: postdock barman keep ${full} --full` };
  }
  const built = backups.filter((b) => b.parent === id).map((b) => b.id);
  if (how === "full" || built.length === 0) return null;
  return {
    why: `${built.join(", ")} builds on it, and would be removed once the policy no longer needs it`,
    fix: `keep all of them: postdock barman keep ${id} --full`,
  };
}

function howOf(full: boolean, release: boolean): Keep {
  if (full && release) {
    throw new OperatorError({
      what: "--full and --release exclude each other",
      fix: "give one of them",
      exitCode: ExitCode.usage,
    });
  }
  return release ? "release" : full ? "full" : "standalone";
}

/** The backup of this name, or the newest finished one for `latest`. Throws OperatorError if there is none that can be kept. */
export function backupOf(name: string, backups: readonly Backup[]): Backup {
  const whole = backups.filter((b) => b.status === "DONE" || b.status === "WAITING_FOR_WALS");
  const found = name === "latest" ? whole.at(-1) : whole.find((b) => b.id === name);
  if (found) return found;
  const other = backups.find((b) => b.id === name);
  throw new OperatorError({
    what: other ? `Backup ${name} is ${other.status}: its copy is not complete` : `There is no backup ${name}`,
    fix: whole.length === 0
      ? "take a backup first: postdock barman backup"
      : `give one of ${whole.map((b) => b.id).join(", ")}, or latest`,
    exitCode: other ? ExitCode.refused : ExitCode.usage,
  });
}

function saidOf(id: string, how: Keep): string {
  switch (how) {
    case "release":
      return `Backup ${id} is kept no longer: BACKUP_RETENTION_DAYS or BACKUP_RETENTION_COUNT decides again`;
    case "full":
      return `Backup ${id} is kept, with all WAL from then on: every later moment can be restored, and the volume grows`;
    case "standalone":
      return `Backup ${id} is kept, with the WAL that it needs itself: the moment at which it ended can be restored`;
  }
}
