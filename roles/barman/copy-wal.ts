// `barman copy-wal`: the restore_command of a copy that was restored beside the cluster.
import type { Command } from "../../core/runtime/context.ts";
import { writePart } from "../../core/runtime/files.ts";
import { walFileName } from "../../core/protocol/orders.ts";
import { errorText, ExitCode } from "../../core/words/errors.ts";
import { readWal } from "./act/wal-files.ts";

/**
 * Above 125 PostgreSQL ends the recovery (manual, 25.3.2). Any other code means that there is no such file: then a recovery to the
 * latest moment would end there as if all were read.
 */
const failed = 126;

/** `barman copy-wal BACKUP_DIR SERVER NAME PATH`: has no variables of the container, since PostgreSQL runs it. */
export const copyWalCommand: Command = async (
  context,
  { args: [backupDir = "", serverName = "", name = "", path = ""] },
) => {
  if (!walFileName.test(name)) {
    context.complain(`postdock: ${JSON.stringify(name)} is not the name of a WAL file`);
    return ExitCode.no;
  }
  try {
    const content = await readWal({ backupDir, serverName }, name, true);
    if (content === null) return ExitCode.no; // PostgreSQL asks for files that may not be there, such as later histories
    // PostgreSQL reads it only after a success, and itself flushes what it keeps (RestoreArchivedFile)
    await writePart(path, content, { offset: 0, create: { mode: 0o600 } });
    return ExitCode.ok;
  } catch (error) {
    context.complain(`postdock: ${name} could not be copied: ${errorText(error)}`);
    return failed;
  }
};
