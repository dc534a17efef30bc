// A fault that holds nodes down while others lead, carried out step by step: each waits for what has to be seen, not for a time.
import { systemClock, waitUntil } from "../../../core/runtime/time.ts";
import type { Write } from "../clients/records.ts";
import type { Cluster } from "../cluster.ts";
import { exec } from "../docker.ts";
import { wholeMs } from "../waits.ts";
import type { Fault } from "./fault.ts";
import type { Book, Once, Removal, Step } from "./steps.ts";
import { cutOff, type Heal } from "./strike.ts";

const deps = { clock: systemClock };
/** A leadership counts once it has acknowledged so many writes. */
const someWrites = 10;

export interface Watch {
  /** what the clients of the run have recorded so far */
  readonly writes: readonly Write[];
  /** lets time pass */
  lasts(ms: number): Promise<void>;
}

/** Carries out the steps of the fault. In the end everything runs or is starting, also if a step fails. */
export async function holdDown(fault: Fault, cluster: Cluster, watch: Watch, book: Book): Promise<void> {
  const run = new HoldDown(fault.targets[0]!, cluster, watch, book);
  try {
    for (const step of fault.steps!) await run.perform(step);
  } finally {
    await run.returnAll();
  }
}

interface Away {
  node: string;
  by: Removal;
  back: Heal;
}

class HoldDown {
  private readonly away: Away[] = [];
  /** when the last step began, and when it was done */
  private last = { beganMs: systemClock.nowMs(), endedMs: systemClock.nowMs() };

  constructor(
    private readonly target: string,
    private readonly cluster: Cluster,
    private readonly watch: Watch,
    private readonly book: Book,
  ) {}

  async perform(step: Step): Promise<void> {
    switch (step.do) {
      case "wait":
        return await this.watch.lasts(step.ms);
      case "return":
        if (this.book.majority) await this.primary("writes");
        if (this.away[step.nth]) await this.isFenced(this.away[step.nth]!);
        return await this.timed(() => this.return(step.nth));
      case "switchover": {
        const primary = await this.primary("followed");
        return await this.timed(() => this.switchover(primary));
      }
      case "remove": {
        const primary = this.book.majority ? await this.primary(step.once) : null;
        const others = this.book.voters.filter((n) => n !== primary);
        const whom = { held: this.target, primary, standby: others[0], last: this.book.voters[0] }[step.whom];
        if (!whom) throw new Error(`there is no ${step.whom} to remove`);
        return await this.timed(() => this.remove(whom, step));
      }
    }
  }

  /** Also if one of them cannot return, the others do. */
  async returnAll(): Promise<void> {
    if (this.away.length === 0) return;
    try {
      await this.return(0);
    } finally {
      await this.returnAll();
    }
  }

  private async timed(work: () => Promise<void>): Promise<void> {
    const beganMs = systemClock.nowMs();
    await work();
    this.last = { beganMs, endedMs: systemClock.nowMs() };
  }

  private async remove(node: string, { by }: Step & { do: "remove" }): Promise<void> {
    const beganMs = systemClock.nowMs();
    if (by === "cut") this.away.push({ node, by, back: await cutOff(this.cluster, node) });
    else {
      this.away.push({ node, by, back: () => this.cluster.start(node) });
      await (by === "kill" ? this.cluster.kill(node) : this.cluster.stop(node, 15));
    }
    this.book.removed(node, by, beganMs, systemClock.nowMs());
  }

  private async return(nth: number): Promise<void> {
    const [gone] = this.away.splice(nth, 1);
    if (!gone) throw new Error(`only ${this.away.length} nodes are away`);
    this.book.returned(gone.node, systemClock.nowMs());
    await gone.back();
  }

  /** A cut that is shorter than the lease would end no leadership. */
  private async isFenced({ node, by }: Away): Promise<void> {
    if (by !== "cut") return;
    const what = `${node}, which is cut off, to be fenced`;
    const fenced = async () => {
      const status = await this.cluster.nodeStatus(node);
      return status !== null && status.postgres.role !== "primary";
    };
    await waitUntil(fenced, { what, deadlineMs: wholeMs }, deps);
  }

  private async switchover(primary: string): Promise<void> {
    this.book.handedOver(systemClock.nowMs());
    const beganMs = systemClock.nowMs();
    await exec(await this.cluster.container(primary), ["postdock", "cluster", "switchover"], 60_000);
    this.last = { beganMs, endedMs: systemClock.nowMs() };
    const now = await this.primary("writes");
    if (now === primary) throw new Error(`the switchover is done, and ${primary} still leads`);
  }

  /** The node that leads now, once this is seen of it. */
  private async primary(once: Once): Promise<string> {
    const { voters } = this.book;
    const other = `one of ${voters.join(", ")} to lead`;
    const options = { what: other, deadlineMs: wholeMs, everyMs: 50 };
    const { beganMs, endedMs } = this.last;
    if (once === "leads") {
      const primary = await waitUntil(() => this.cluster.primary(voters), options, deps);
      this.book.seen(primary, beganMs);
      return primary;
    }
    const newest = await waitUntil(() => Promise.resolve(this.acknowledgedSince(endedMs)), {
      ...options,
      what: `${other} and acknowledge writes`,
    }, deps);
    this.book.leads(newest.node, newest.timeline, beganMs, newest.ackMs);
    if (once === "writes") return newest.node;
    const followed = await this.cluster.waitWhole(wholeMs, voters);
    this.book.followed(followed);
    return followed;
  }

  /** The first write of the leadership that has acknowledged the last ones, once they are enough. */
  private acknowledgedSince(ms: number): Write | null {
    const { voters } = this.book;
    const { writes } = this.watch;
    const since = writes.slice(writes.findLastIndex((w) => w.sentMs <= ms) + 1).filter((w) => voters.includes(w.node));
    const newest = since.at(-1);
    const same = since.filter((w) => w.node === newest?.node && w.timeline === newest.timeline);
    return same.length >= someWrites ? same[0]! : null;
  }
}
