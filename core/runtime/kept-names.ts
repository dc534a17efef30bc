// While DNS does not answer well, the last good addresses stand in /etc/hosts, for programs that look names up by themselves.
import { errorText } from "../words/errors.ts";
import { hostsWith } from "./decide/names.ts";
import { readIfThere, writeScratch } from "./files.ts";
import type { Log } from "./log.ts";
import type { Names } from "./names.ts";

/** Keeps the addresses of these hosts. Nothing is written while DNS answers, but to take out what an earlier run has left. */
export class KeptNames {
  private told = "";
  /** what stood there last: a write that failed half way may leave an empty file */
  private stood = "";

  constructor(
    private readonly o: { hosts: readonly string[]; names: Pick<Names, "wayTo">; log: Log; path?: string },
  ) {}

  /** Brings /etc/hosts up to date. What cannot be written is said once, since lookups then are as slow as without it. */
  async update(): Promise<void> {
    const { hosts, names, log, path = "/etc/hosts" } = this.o;
    const ways = hosts.map((host) => [host, names.wayTo(host).hostaddr] as const);
    const kept = Object.fromEntries(ways.flatMap(([host, address]) => address === undefined ? [] : [[host, address]]));
    try {
      const before = await readIfThere(path) || this.stood;
      this.stood = before;
      const after = hostsWith(before, kept);
      if (after === before) return;
      await writeScratch(path, new TextEncoder().encode(after), { mode: 0o644 }); // mounted: it cannot be replaced
      if (Object.keys(kept).length > 0) {
        log.warn("DNS is silent or late: the last good addresses are used", { hosts: kept });
      } else log.info("DNS answers again: its addresses are used", { hosts });
      this.told = "";
    } catch (error) {
      const why = errorText(error);
      if (why !== this.told) log.warn("The last good addresses could not be written to /etc/hosts", { why });
      this.told = why;
    }
  }
}
