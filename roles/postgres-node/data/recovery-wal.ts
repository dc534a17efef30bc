// Gives a recovery from a backup the WAL that it asks for, file by file, from barman's agent.
import { join } from "node:path";
import { HttpError } from "../../../core/client/peers.ts";
import { postgresAccount } from "../../../core/runtime/command.ts";
import { writePart } from "../../../core/runtime/files.ts";
import { errorText } from "../../../core/words/errors.ts";
import { parseWalName, segmentAfter, walName } from "../../../core/postgres/wal-name.ts";
import { no, type Verdict, yes } from "../../../core/words/verdict.ts";
import { walFileName } from "../../../core/protocol/orders.ts";
import type { RestoreOrder } from "../../../core/protocol/restore.ts";
import { type FetchDeps, readWhole } from "./fetch-wal.ts";

/** PostgreSQL asks for files below pg_wal under names of its own (xlogarchive.c). */
const places = /^pg_wal\/[A-Z0-9_]+$/;

/** The size of a segment up to which one is fetched ahead, and kept in memory. */
const mostBytesAhead = 64 * 1024 * 1024;

type Read = { content: Buffer } | { refused: string } | { trouble: string };

/** One recovery: what it has asked for so far. */
export class RecoveryWal {
  private last = "";
  private exhausted = false;
  private trouble: string | null = null;
  private hosts: readonly string[];
  /** what will probably be asked for next, on its way while PostgreSQL replays the file before it */
  private ahead: { name: string; read: Promise<Read> } | null = null;

  constructor(private readonly order: Pick<RestoreOrder, "hosts" | "lastWal">) {
    this.hosts = order.hosts;
  }

  /** `exhausted`: it has read the last file to its end; `trouble`: why the last one could not be had. */
  get now(): { exhausted: boolean; trouble: string | null } {
    return { exhausted: this.exhausted, trouble: this.trouble };
  }

  /** barman answers there from now on. */
  barmanIsAt(hosts: readonly string[]): void {
    this.hosts = hosts;
  }

  /** Writes the file to `path` in the data directory. */
  async give(name: string, path: string, node: FetchDeps): Promise<Verdict> {
    if (!walFileName.test(name)) return no(`${JSON.stringify(name)} is not the name of a WAL file`);
    if (!places.test(path)) return no(`${JSON.stringify(path)} is not a place for a WAL file`);
    const isSegment = !name.endsWith(".history");
    // names of segments are in the order of WAL; the receiver may have begun more files than there were at the plan
    const notBefore = isSegment && name.slice(8) >= this.order.lastWal.slice(8);
    const again = isSegment && name === this.last;
    const answer = await this.take(name, node);
    this.trouble = "trouble" in answer ? answer.trouble : null;
    if ("trouble" in answer) throw new Error(answer.trouble);
    if ("refused" in answer) {
      if (isSegment) this.last = name;
      if (notBefore && name.slice(8) > this.order.lastWal.slice(8)) this.exhausted = true;
      return no(answer.refused);
    }
    await this.write(name, join(node.config.pgdata, path), answer.content);
    // a standby of nobody that has read a file to its end asks for it again
    if (notBefore && again) this.exhausted = true;
    if (isSegment) this.last = name;
    this.fetchAhead(name, answer.content.length, node);
    node.log.info("WAL fetched from barman for the recovery", { file: name });
    return yes(`${name} was fetched`);
  }

  /** A file that was not written has not been read, however often it is asked for. */
  private async write(name: string, path: string, content: Buffer): Promise<void> {
    try {
      // PostgreSQL reads it only if all of it was written, and itself flushes what it keeps (RestoreArchivedFile)
      await writePart(path, content, { offset: 0, create: { mode: 0o600, owner: postgresAccount } });
    } catch (error) {
      this.trouble = `${name} cannot be written here: ${errorText(error)}`;
      throw error;
    }
  }

  private async take(name: string, node: FetchDeps): Promise<Read> {
    const { ahead } = this;
    this.ahead = null;
    const early = ahead?.name === name ? await ahead.read : null;
    return early !== null && "content" in early ? early : await this.read(name, node);
  }

  /** Only a file before the last one is whole for certain. */
  private fetchAhead(name: string, bytes: number, node: FetchDeps): void {
    const given = bytes > mostBytesAhead ? null : parseWalName(name, bytes);
    if (given === null) return;
    const next = walName(given.timeline, segmentAfter(given), bytes);
    if (next.slice(8) < this.order.lastWal.slice(8)) this.ahead = { name: next, read: this.read(next, node) };
  }

  private async read(name: string, node: FetchDeps): Promise<Read> {
    const errors: string[] = [];
    let answered = false;
    for (const host of this.hosts) {
      try {
        return { content: await readWhole(host, name, node, { unfinished: true }) };
      } catch (error) {
        if (error instanceof HttpError && error.status === 409) return { refused: error.body };
        errors.push(`${host}: ${errorText(error)}`);
        answered ||= error instanceof HttpError;
      }
    }
    if (answered) {
      const fix = "mend that file, or type postdock barman restore abort, and restore a moment before it";
      return { trouble: `barman cannot give ${name} (${errors.join("; ")}); ${fix}` };
    }
    const resume = "type postdock barman restore resume in its container";
    return { trouble: `barman's agent does not answer (${errors.join("; ")}); ${resume}` };
  }
}
