// What happened on this node and why: each event goes to the log and to the history in its volume.
import { join } from "node:path";
import { readIfThere } from "../../../core/runtime/files.ts";
import { HistoryFile } from "../../../core/runtime/history.ts";
import type { Log } from "../../../core/runtime/log.ts";
import type { Clock } from "../../../core/runtime/time.ts";
import type { EventAt, EventName, FieldsOf } from "../../../core/words/events/all.ts";
import { stateDirectory } from "../data/journal.ts";

export class History {
  private readonly file = new HistoryFile();

  constructor(private readonly o: { pgdata: string; node: string; clock: Clock; log: Log }) {}

  /** Reads what earlier runs left. */
  async load(): Promise<void> {
    const { pgdata, log } = this.o;
    // an empty volume stays empty until there is a cluster in it
    const mayWrite = async () => await readIfThere(join(pgdata, "PG_VERSION")) !== null;
    await this.file.open({ path: join(stateDirectory(pgdata), "history.jsonl"), log, mayWrite });
  }

  /** Oldest first. */
  all = () => this.file.all();

  /** Notes one event: in the log at once, and in the file as soon as the disk takes it. */
  note<E extends EventAt<"info">>(event: E, fields: FieldsOf<E>): void {
    this.o.log.info(event, fields);
    this.keep(event, fields);
  }

  /** Notes an event that should not have happened, as a warning. */
  warn<E extends EventAt<"warning">>(event: E, fields: FieldsOf<E>): void {
    this.o.log.warn(event, fields);
    this.keep(event, fields);
  }

  private keep<E extends EventName>(event: E, fields: FieldsOf<E>): void {
    const time = new Date(this.o.clock.wallMs()).toISOString();
    this.file.keep({ time, node: this.o.node, event, ...fields });
  }
}
