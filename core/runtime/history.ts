// What happened in a container and why, kept in its volume for `postdock cluster history`. It is bounded, and never waited for.
import { dirname } from "node:path";
import { z } from "zod";
import { isKept, type keptEvents } from "../words/events/history.ts";
import { postgresAccount } from "./command.ts";
import { ensureDirectory, readIfThere, writeAtomic } from "./files.ts";
import type { Heard, Log } from "./log.ts";

const most = 200;

const Entry = z.object({ time: z.string(), node: z.string(), event: z.string() }).loose();
export type HistoryEntry = z.infer<typeof Entry>;

/** The file, and who is told if it cannot be written. */
interface Place {
  path: string;
  log: Pick<Log, "warn">;
  /** whether there is a volume to write to yet; by default there is */
  mayWrite?: () => Promise<boolean>;
}

export class HistoryFile {
  private entries: HistoryEntry[] = [];
  private place: Place | null = null;
  private writing: Promise<void> = Promise.resolve();

  /** Reads what earlier runs left; a damaged line is left out. What was kept before this call follows it. */
  async open(place: Place): Promise<void> {
    const text = await readIfThere(place.path).catch(() => null) ?? "";
    this.entries = [...text.split("\n").flatMap(entryOf), ...this.entries].slice(-most);
    this.place = place;
  }

  /** Oldest first. */
  all(): readonly HistoryEntry[] {
    return this.entries;
  }

  /** Keeps one event, in the file as soon as the disk takes it. */
  keep(entry: HistoryEntry): void {
    this.entries = [...this.entries, entry].slice(-most);
    const { place } = this;
    if (place === null) return;
    this.writing = this.writing.then(() => this.write(place)).catch((error) =>
      place.log.warn("The history could not be written", { error })
    );
  }

  /** Keeps what a log says, as far as the history of pgpool or barman has it. */
  hear({ time, event, fields }: Heard, component: keyof typeof keptEvents): void {
    if (!isKept(event, component, this.entries.map((e) => e.event))) return;
    this.keep({ ...fields(), time, node: component, event });
  }

  private async write({ path, mayWrite }: Place): Promise<void> {
    if (await mayWrite?.() === false) return;
    await ensureDirectory(dirname(path), { mode: 0o700, owner: postgresAccount });
    const text = this.entries.map((e) => JSON.stringify(e)).join("\n") + "\n";
    await writeAtomic(path, text, { mode: 0o600, owner: postgresAccount });
  }
}

function entryOf(line: string): HistoryEntry[] {
  try {
    return line === "" ? [] : [Entry.parse(JSON.parse(line))];
  } catch {
    return []; // it was cut off
  }
}
