// Sends WAL to a node that needs it: for a rewind, because it no longer has it, or for a recovery from a backup.
import { ControlRefusal } from "../../../core/http/control.ts";
import { type AnswerOf, type orders, pieceBytes, type QuestionOf } from "../../../core/protocol/orders.ts";
import { readWal } from "../act/wal-files.ts";
import type { Barman } from "../state.ts";

type Asked = QuestionOf<typeof orders.wal>;
type Piece = AnswerOf<typeof orders.wal>;

/** How many files are kept between one piece and the next; 16 MB each. */
const mostKept = 3;

/** Answers one piece of a WAL file at a time. The file is read for its first piece. */
export function walDesk({ config, log }: Pick<Barman, "config" | "log">): (question: Asked) => Promise<Piece> {
  const kept = new Map<string, Buffer>();
  return async ({ name, offset, unfinished = false }) => {
    if (offset === 0) {
      const content = await readWal(config, name, unfinished);
      if (content === null) throw new ControlRefusal(`barman has no ${name}`);
      kept.delete(name);
      kept.set(name, content);
      for (const oldest of [...kept.keys()].slice(0, -mostKept)) kept.delete(oldest);
      log.info("Sending a WAL file to a node", { file: name });
    }
    const content = kept.get(name);
    if (content === undefined) throw new ControlRefusal(`the first piece of ${name} was not asked for, or long ago`);
    const bytes = content.subarray(offset, offset + pieceBytes);
    return { totalBytes: content.length, content: bytes };
  };
}
