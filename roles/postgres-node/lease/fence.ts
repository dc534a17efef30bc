// The fence ends PostgreSQL at once when the lease of a primary ends. It is a process of its own, so that nothing that the
// agent does, and nothing that happens to the agent, can delay it. The agent fences as well, in case this process is stuck.
import { postgresAccount } from "../../../core/runtime/command.ts";
import type { Command } from "../../../core/runtime/context.ts";
import { ExitCode } from "../../../core/words/errors.ts";
import { signalAs } from "../../../core/runtime/signal-as.ts";
import { oomScore, processesIn, setNice, setOomScore } from "../../../core/runtime/proc.ts";
import type { Log } from "../../../core/runtime/log.ts";
import { supervise, type Supervised } from "../../../core/runtime/supervisor.ts";
import { type Clock, leaseNowMs } from "../../../core/runtime/time.ts";

/** Processes that still run this long after SIGQUIT get SIGKILL, milliseconds. */
const quickMs = 60;
/** A deadline is checked at least this often, since timers stand still while a machine sleeps; milliseconds. */
const lookEveryMs = 200;
/** After its deadline the fence looks again after this, then ever less often, down to each `lookEveryMs`; milliseconds. */
const lookAgainMs = 10;
/** How long a process that is being started may take to be called postgres, once no agent starts another; milliseconds. */
const beginMs = 1_000;
const giveUpMs = 10_000;
/** How long the agent waits for that before it starts a server all the same, milliseconds. */
const disarmMs = 1_000;
/** The time to read orders that already wait, milliseconds: a small part of the margin that a lease ends early by. */
const readMs = 5;

/**
 * Ends every process of the server: by SIGQUIT (immediate shutdown; PostgreSQL recovers as after a crash), then by SIGKILL if
 * that has no effect at once, for example on a stopped process. Processes that begin meanwhile are ended too, for as long as
 * `mayEnd` says so. Resolves once all are gone; false if some stay, because they may not be signalled or hang in the kernel.
 */
export async function fenceServer(
  pgdata: string,
  clock: Clock,
  seen: readonly number[] = processesIn("postgres", pgdata),
  mayEnd: () => boolean = () => true,
): Promise<boolean> {
  const start = leaseNowMs();
  const condemned = new Set(seen);
  let pids = seen;
  if (pids.length > 0) await signalAs(postgresAccount, pids, "SIGQUIT");
  while (pids.length > 0 && leaseNowMs() - start < giveUpMs) {
    await clock.sleep(10);
    const running = processesIn("postgres", pgdata);
    if (mayEnd()) running.forEach((pid) => condemned.add(pid));
    pids = running.filter((pid) => condemned.has(pid));
    if (pids.length > 0 && leaseNowMs() - start >= quickMs && !(await signalAs(postgresAccount, pids, "SIGKILL"))) {
      return false; // refused, even to the account of the server: no later attempt will do better
    }
  }
  return pids.length === 0;
}

/**
 * `postgres-node fence DIRECTORY`: reads "arm MILLISECONDS" and "disarm", one per line; ends when its input ends. A deadline
 * stays until the next order: a server that was started too late becomes a process called postgres only after a while. That it
 * is disarmed is said back: what is started from then on has nothing to fear from an earlier deadline.
 */
export const fenceCommand: Command = async (context, { args: [pgdata = ""] }) => {
  let untilMs = Infinity;
  let closed = false;
  let againMs = lookAgainMs;
  let said = "";
  let wake = new AbortController();
  const look = () => {
    againMs = lookAgainMs;
    wake.abort();
    wake = new AbortController();
  };
  context.onInput((line) => {
    const [word, value] = line.split(" ");
    untilMs = word === "arm" ? Number(value) : Infinity;
    if (untilMs === Infinity) context.print(disarmedBy(line));
    look();
  }, () => {
    closed = true;
    if (untilMs !== Infinity) untilMs = leaseNowMs();
    look();
  });
  /** Ends what runs of the server, and reports that once for each deadline. */
  const strike = async (deadlineMs: number) => {
    const pids = processesIn("postgres", pgdata);
    if (pids.length === 0) return;
    const begun = leaseNowMs();
    const gone = await fenceServer(pgdata, context.clock, pids, () => leaseNowMs() >= untilMs);
    const outcome = `${gone} ${deadlineMs}`;
    const lateMs = Math.round(begun - deadlineMs);
    if (outcome !== said) context.print(JSON.stringify({ gone, lateMs, tookMs: Math.round(leaseNowMs() - begun) }));
    said = outcome;
  };
  while (true) {
    // a fence that was stopped alone reads first what was ordered meanwhile: the lease may have been renewed
    if (leaseNowMs() >= untilMs && !closed) await context.clock.sleep(readMs);
    const overMs = leaseNowMs() - untilMs;
    if (overMs >= 0) await strike(untilMs);
    if (closed && (untilMs === Infinity || overMs >= beginMs)) return ExitCode.ok;
    await context.clock.sleep(pauseMs(untilMs, againMs), wake.signal);
    if (overMs >= 0) againMs = Math.min(2 * againMs, lookEveryMs);
  }
};

/** What the fence says once this order to disarm has been read; orders that wait for that have a number. */
const disarmedBy = (order: string) => order.replace("disarm", "disarmed");

/** While the fence is disarmed, it only waits for an order. */
function pauseMs(untilMs: number, againMs: number): number {
  if (untilMs === Infinity) return Infinity;
  const leftMs = untilMs - leaseNowMs();
  return leftMs > 0 ? Math.min(lookEveryMs, Math.max(1, leftMs)) : againMs;
}

/** The kernel ends the fence last when memory runs out, and runs it first: as far as this container may ask for that. */
export function favour(pid: number, log: Pick<Log, "info">): void {
  if (oomScore(pid) === null) return; // it has just ended, and is started again
  const refused = [
    ...setOomScore(pid, -1000) ? [] : ["SYS_RESOURCE"],
    ...setNice(pid, -20) ? [] : ["SYS_NICE"],
  ];
  if (refused.length === 0) return;
  log.info("The fence process is not favoured over others; the processes of PostgreSQL are ended before it", {
    oomScore: oomScore(pid),
    missing: refused,
    fix: "to change that, add these capabilities to the container",
  });
}

/** The agent's side of the fence process. */
export class Fence {
  private readonly child: Supervised;
  private order = "disarm";
  private readonly waiting = new Map<string, () => void>();
  private count = 0;

  constructor(pgdata: string, private readonly deps: { clock: Clock; log: Log }) {
    const started = () => {
      const pid = this.child?.pid();
      if (!pid) return; // supervise() has not returned yet
      this.child.write(this.order);
      favour(pid, deps.log);
    };
    this.child = supervise({
      name: "fence",
      argv: [process.execPath, "postgres-node", "fence", pgdata],
      as: postgresAccount,
      input: true,
      restart: { restart: "always", firstPauseMs: 0, maxPauseMs: 1_000, steadyMs: 10_000 },
      stop: [{ signal: "SIGTERM", waitMs: 500 }],
      onStart: started,
      onLine: (line) => {
        if (line.startsWith(disarmedBy("disarm"))) this.waiting.get(line)?.();
        else deps.log.warn("The fence process has ended PostgreSQL", { said: line });
      },
    }, deps);
    started();
  }

  /** From now on PostgreSQL may run until this moment of the lease's clock, milliseconds. */
  arm(untilMs: number): void {
    this.send(`arm ${Math.floor(untilMs)}`);
  }

  /** Resolves once the fence has said that it is disarmed: a server that is started then has no deadline to fear. */
  async disarm(): Promise<void> {
    const order = `disarm ${++this.count}`;
    const answer = new AbortController();
    this.waiting.set(disarmedBy(order), () => answer.abort());
    this.send(order);
    await this.deps.clock.sleep(disarmMs, answer.signal);
    this.waiting.delete(disarmedBy(order));
    if (!answer.signal.aborted) this.deps.log.warn("The fence process does not answer", { forMs: disarmMs });
  }

  async stop(): Promise<void> {
    await this.disarm();
    await this.child.stop();
  }

  private send(order: string): void {
    this.order = order;
    this.child.write(order);
  }
}
