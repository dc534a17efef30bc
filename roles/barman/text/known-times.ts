// PURE: times of commits that were read from WAL which cannot change, as they are kept in a file.
import { z } from "zod";

const Times = z.record(z.string(), z.string().nullable());

/** What is known; what is not asked for any more is forgotten. */
export class KnownTimes {
  private readonly before: z.infer<typeof Times>;
  private readonly asked: z.infer<typeof Times> = {};

  /** `text`: of the file, or null if there is none. What cannot be read is read from WAL again. */
  constructor(text: string | null) {
    this.before = parse(text);
  }

  /** The time of this name, or what `read` finds. */
  async get(name: string, read: () => Promise<string | null>): Promise<string | null> {
    const known = this.before[name];
    return this.asked[name] = known === undefined ? await read() : known;
  }

  /** What the file is to hold; null: what it holds. */
  changed(): string | null {
    const sorted = (times: z.infer<typeof Times>) => JSON.stringify(Object.entries(times).toSorted());
    return sorted(this.asked) === sorted(this.before) ? null : JSON.stringify(this.asked) + "\n";
  }
}

function parse(text: string | null): z.infer<typeof Times> {
  try {
    return Times.parse(JSON.parse(text ?? "{}"));
  } catch {
    return {};
  }
}
