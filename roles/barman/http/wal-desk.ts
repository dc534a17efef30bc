// Sends archived WAL to a node that needs it for a rewind and no longer has it.
import { join } from "node:path";
import { CommandError, postgresAccount } from "../../../core/runtime/command.ts";
import { ControlRefusal } from "../../../core/http/control.ts";
import { errorText } from "../../../core/words/errors.ts";
import { ensureDirectory, exists, readPiece, remove } from "../../../core/runtime/files.ts";
import { type AnswerOf, type orders, pieceBytes, type QuestionOf } from "../../../core/protocol/orders.ts";
import { getWal } from "../tools/barman-cli.ts";
import { deskDirectory } from "../text/places.ts";
import type { Barman } from "../state.ts";

type Asked = QuestionOf<typeof orders.wal>;
type Piece = AnswerOf<typeof orders.wal>;

/** Answers one piece of a WAL file at a time. A copy is taken from the archive for the first piece, and removed after the last. */
export function walDesk(barman: Barman): (question: Asked) => Promise<Piece> {
  const { config, log } = barman;
  const directory = deskDirectory(config);
  return async ({ name, offset, unfinished = false }) => {
    const path = join(directory, name);
    if (offset === 0) {
      await ensureDirectory(directory, { mode: 0o700, owner: postgresAccount });
      await remove(path);
      await getWal(config.serverName, name, directory, { unfinished, signal: barman.stop }).catch((error) => {
        if (!(error instanceof CommandError)) throw error;
        throw new ControlRefusal(`barman has no ${name}: ${errorText(error)}`);
      });
      log.info("Sending a WAL file to a node", { file: name });
    }
    if (!(await exists(path))) throw new ControlRefusal(`the first piece of ${name} was not asked for`);
    const { totalBytes, bytes } = await readPiece(path, offset, pieceBytes);
    if (offset + bytes.length >= totalBytes) await remove(path);
    return { totalBytes, base64: bytes.toString("base64") };
  };
}
