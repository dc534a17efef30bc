// Gives a recovery from a backup the WAL that it asks for, file by file, from barman's agent.
import { join } from "node:path";
import { HttpError } from "../../../core/client/peers.ts";
import { postgresAccount } from "../../../core/runtime/command.ts";
import { writeAtomic } from "../../../core/runtime/files.ts";
import { errorText } from "../../../core/words/errors.ts";
import { no, type Verdict, yes } from "../../../core/words/verdict.ts";
import { walFileName } from "../../../core/protocol/orders.ts";
import type { RestoreOrder } from "../../../core/protocol/restore.ts";
import { type FetchDeps, readWhole } from "./fetch-wal.ts";

/** PostgreSQL asks for files below pg_wal under names of its own (xlogarchive.c). */
const places = /^pg_wal\/[A-Z0-9_]+$/;

/** One recovery: what it has asked for so far. */
export class RecoveryWal {
  private lastServed = false;
  /** it has read the last file to its end: a standby of nobody asks for it again, or for the next */
  exhausted = false;

  constructor(private readonly order: Pick<RestoreOrder, "hosts" | "lastWal">) {}

  /** Writes the file to `path` in the data directory. */
  async give(name: string, path: string, node: FetchDeps): Promise<Verdict> {
    const { lastWal } = this.order;
    if (!walFileName.test(name)) return no(`${JSON.stringify(name)} is not the name of a WAL file`);
    if (!places.test(path)) return no(`${JSON.stringify(path)} is not a place for a WAL file`);
    if (name === lastWal && this.lastServed) this.exhausted = true;
    const answer = await this.read(name, node);
    if ("refused" in answer) {
      // names of segments are in the order of WAL; a history file that is not there says nothing
      if (name.length === lastWal.length && name.slice(8) > lastWal.slice(8)) this.exhausted = true;
      return no(answer.refused);
    }
    await writeAtomic(join(node.config.pgdata, path), answer.content, { mode: 0o600, owner: postgresAccount });
    if (name === lastWal) this.lastServed = true;
    node.log.info("WAL fetched from barman for the recovery", { file: name });
    return yes(`${name} was fetched`);
  }

  private async read(name: string, node: FetchDeps): Promise<{ content: Buffer } | { refused: string }> {
    const errors: string[] = [];
    for (const host of this.order.hosts) {
      try {
        return { content: await readWhole(host, name, node, { unfinished: true }) };
      } catch (error) {
        if (error instanceof HttpError && error.status === 409) return { refused: error.body };
        errors.push(`${host}: ${errorText(error)}`);
      }
    }
    throw new Error(`barman's agent does not answer (${errors.join("; ")})`);
  }
}
