// Looks whether the directories of the data are there: a server can go on without them, and show what is not so.
import { Pace } from "../../../core/runtime/time.ts";
import type { Surroundings } from "../decide/view.ts";
import { type Node, say } from "../node.ts";
import type { ServerEnd } from "../run.ts";
import { missingFix, missingText } from "../text/directories.ts";
import { successorOf } from "./hand-over.ts";

/** How often they are looked at, milliseconds. */
const everyMs = 5_000;

export class WholeData {
  private readonly pace: Pace;
  /** what was not there at the last look: what is dropped while one looks is not missing at the next */
  private before: readonly string[] = [];

  constructor(private readonly node: Node) {
    this.pace = new Pace(node.clock, everyMs, "now");
  }

  /** A standby with broken data ends, and is cloned (decide/broken.ts). A primary gives way where a standby can lead. */
  async keep(surroundings: Surroundings): Promise<ServerEnd | null> {
    const { condition, config, doors, seen } = this.node;
    const role = seen.role();
    if ((role !== "primary" && role !== "standby") || !this.pace.due()) return null;
    const now = await doors.server.missing();
    const missing = now.filter((name) => this.before.includes(name));
    if (now.length > missing.length) this.pace.sooner();
    this.before = now;
    if (missing.length === 0) {
      condition.dataHave(null);
      return null;
    }
    const because = `the data of ${config.host} are not whole: ${missingText(missing)}`;
    condition.dataHave({ because, fix: missingFix(missing, role, config.host) });
    if (role === "standby") {
      say(this.node, "stopping", "stopping to be cloned", because);
      return { why: "rejoin", clone: true, streamed: false, because };
    }
    const succession = successorOf(this.node, surroundings, null);
    return succession && "to" in succession ? { why: "handed-over", heir: { to: succession.to, because } } : null;
  }
}
