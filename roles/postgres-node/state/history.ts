// What happened on this node and why, kept in its volume for `postdock cluster history`. It is bounded, and never waited for.
import { join } from "node:path";
import { z } from "zod";
import { postgresAccount } from "../../../core/runtime/command.ts";
import { ensureDirectory, readIfThere, writeAtomic } from "../../../core/runtime/files.ts";
import type { Log } from "../../../core/runtime/log.ts";
import type { Clock } from "../../../core/runtime/time.ts";
import type { EventAt, EventName, FieldsOf } from "../../../core/words/events/all.ts";
import { stateDirectory } from "../data/journal.ts";

const most = 200;

const Entry = z.object({ time: z.string(), node: z.string(), event: z.string() }).loose();
export type HistoryEntry = z.infer<typeof Entry>;

export class History {
  private entries: HistoryEntry[] = [];
  private writing: Promise<void> = Promise.resolve();

  constructor(private readonly o: { pgdata: string; node: string; clock: Clock; log: Log }) {}

  /** Reads what earlier runs left; a damaged line is left out. */
  async load(): Promise<void> {
    const text = await readIfThere(this.path()).catch(() => null) ?? "";
    this.entries = text.split("\n").flatMap((line) => {
      try {
        return line === "" ? [] : [Entry.parse(JSON.parse(line))];
      } catch {
        return [];
      }
    });
  }

  all(): readonly HistoryEntry[] {
    return this.entries;
  }

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
    this.entries = [...this.entries, { time, node: this.o.node, event, ...fields }].slice(-most);
    this.writing = this.writing.then(() => this.write()).catch((error) =>
      this.o.log.warn("The history could not be written", { error })
    );
  }

  private async write(): Promise<void> {
    // an empty volume stays empty until there is a cluster in it
    if (await readIfThere(join(this.o.pgdata, "PG_VERSION")) === null) return;
    await ensureDirectory(stateDirectory(this.o.pgdata), { mode: 0o700, owner: postgresAccount });
    const text = this.entries.map((e) => JSON.stringify(e)).join("\n") + "\n";
    await writeAtomic(this.path(), text, { mode: 0o600, owner: postgresAccount });
  }

  private path(): string {
    return join(stateDirectory(this.o.pgdata), "history.jsonl");
  }
}
