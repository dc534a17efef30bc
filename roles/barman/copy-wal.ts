// `barman copy-wal`: the restore_command of a copy that was restored beside the cluster.
import type { Command } from "../../core/runtime/context.ts";
import { writeAtomic } from "../../core/runtime/files.ts";
import { walFileName } from "../../core/protocol/orders.ts";
import { ExitCode } from "../../core/words/errors.ts";
import { readWal } from "./act/wal-files.ts";

/** `barman copy-wal BACKUP_DIR SERVER NAME PATH`: has no variables of the container, since PostgreSQL runs it. */
export const copyWalCommand: Command = async (
  context,
  { args: [backupDir = "", serverName = "", name = "", path = ""] },
) => {
  if (!walFileName.test(name)) {
    context.complain(`postdock: ${JSON.stringify(name)} is not the name of a WAL file`);
    return ExitCode.no;
  }
  const content = await readWal({ backupDir, serverName }, name, true);
  if (content === null) return ExitCode.no; // PostgreSQL asks for files that may not be there, such as later histories
  await writeAtomic(path, content, { mode: 0o600 });
  return ExitCode.ok;
};
