// A client that writes numbered rows through one entry point and remembers which were acknowledged and when.
// Workload and check are apart: what is missing afterwards is counted, never assumed.
import postgres from "postgres";
import { isDriverFault } from "../../core/runtime/passing-fault.ts";
import { systemClock, waitUntil, withDeadline } from "../../core/runtime/time.ts";
import { type LedgerReport, longestGap } from "./ledger-report.ts";
import { wholeMs } from "./waits.ts";

export interface Target {
  host: string;
  port?: number;
  user: string;
  password: string;
  database: string;
}

/** The application user of the example cluster. */
export const monkey = { user: "monkey_user", password: "monkey_pass", database: "monkey_db" };

/** As in main.ts, a fault of the driver ends no process; its query runs into the deadline. */
globalThis.addEventListener("error", (event) => {
  if (isDriverFault(event.error)) event.preventDefault();
});

/**
 * The driver cancels an immediate for each broken connection. Deno 2.9.6 then sometimes loses its place in its list of
 * immediates ("_idleNext"), and the whole run ends. Timers do the same work.
 */
Object.assign(globalThis, {
  setImmediate: (work: (...args: unknown[]) => void, ...args: unknown[]) => setTimeout(work, 0, ...args),
  clearImmediate: (timer: number) => clearTimeout(timer),
});

const attemptMs = 1_500;

/** A driver with one connection to a target, opened at its first query. */
export function connect(target: Target): postgres.Sql {
  return postgres({
    ...target,
    port: target.port ?? 5432,
    max: 1,
    connect_timeout: 2,
    idle_timeout: 0,
    fetch_types: false,
    prepare: false,
    onnotice: () => {},
  });
}

/** One query on a connection of its own, with a deadline. */
export async function queryOnce<T>(
  target: Target,
  work: (sql: postgres.Sql) => Promise<T>,
  deadlineMs = 10_000,
): Promise<T> {
  const sql = connect(target);
  try {
    return await withDeadline(work(sql), deadlineMs, target.host);
  } finally {
    sql.end({ timeout: 0 }).catch(() => {});
  }
}

export class Ledger {
  private readonly acknowledged = new Map<number, number>();
  private unknown = 0;
  private next = 1;
  private readonly halt = new AbortController();
  private running: Promise<void> = Promise.resolve();

  private constructor(
    private target: Target,
    private readonly table: string,
    private readonly address: () => Promise<string | null>,
  ) {}

  /** Makes the table and writes every 50 ms. `address`: looks up the entry point, which may have moved. */
  static async start(
    target: Target,
    address: () => Promise<string | null> = () => Promise.resolve(null),
  ): Promise<Ledger> {
    const table = `ledger_${Math.floor(systemClock.wallMs())}`;
    await queryOnce(
      target,
      (sql) => sql.unsafe(`create table ${table} (id bigint primary key, at timestamptz default now())`),
    );
    const ledger = new Ledger(target, table, address);
    ledger.running = ledger.write();
    return ledger;
  }

  /** How many writes have been acknowledged so far. */
  get count(): number {
    return this.acknowledged.size;
  }

  /** Waits until so many more writes have been acknowledged than at this moment. How long none was is in the report. */
  async writes(more: number, deadlineMs = wholeMs): Promise<void> {
    const goal = this.count + more;
    const options = { what: `${more} more acknowledged writes`, deadlineMs, everyMs: 50 };
    await waitUntil(() => Promise.resolve(this.count >= goal), options, { clock: systemClock });
  }

  /** When each write was acknowledged by its number, monotonic milliseconds. */
  get acknowledgedAt(): ReadonlyMap<number, number> {
    return this.acknowledged;
  }

  /** When the last write was acknowledged, monotonic milliseconds. */
  get lastAt(): number {
    return [...this.acknowledged.values()].at(-1) ?? 0;
  }

  /** When the first write after the longest silence was acknowledged, monotonic milliseconds. */
  firstAfterLongestGap(): number {
    return longestGap(this.acknowledged)?.toMs ?? 0;
  }

  private async write(): Promise<void> {
    let sql = connect(this.target);
    while (!this.halt.signal.aborted) {
      const id = this.next++;
      try {
        await withDeadline(sql.unsafe(`insert into ${this.table} (id) values (${id})`), attemptMs, "The entry point");
        this.acknowledged.set(id, systemClock.nowMs());
      } catch {
        this.unknown++;
        sql.end({ timeout: 0 }).catch(() => {});
        const host = await this.address().catch(() => null);
        if (host !== null) this.target = { ...this.target, host };
        sql = connect(this.target);
      }
      await systemClock.sleep(50, this.halt.signal);
    }
    sql.end({ timeout: 0 }).catch(() => {});
  }

  /** Longest time without an acknowledged write since then, the present silence included; milliseconds. */
  longestGapSince(fromMs: number): number {
    const times = [...this.acknowledged.values(), systemClock.nowMs()];
    return Math.round(Math.max(0, ...times.slice(1).map((at, i) => at > fromMs ? at - times[i]! : 0)));
  }

  /** Acknowledged so far, not in `reader`'s table now, and not among those known to be missing. */
  async missingSince(known: ReadonlySet<number>, reader: Target): Promise<number[]> {
    const acknowledged = [...this.acknowledged.keys()];
    const present = await this.rows(reader);
    return acknowledged.filter((id) => !present.has(id) && !known.has(id));
  }

  /** The statement that reads the numbers of all rows. */
  get selectRows(): string {
    return `select id from ${this.table} order by id`;
  }

  private async rows(reader: Target): Promise<Set<number>> {
    const rows = await queryOnce(reader, (sql) => sql.unsafe(this.selectRows), 30_000);
    return new Set(rows.map((row) => Number(row.id)));
  }

  async stop(): Promise<void> {
    this.halt.abort();
    await this.running;
  }

  /** Stops writing, compares what was acknowledged with what the primary has, and drops the table there. */
  async finish(primary: Target): Promise<LedgerReport> {
    await this.stop();
    const present = await this.rows(primary);
    const times = [...this.acknowledged.values()];
    const gaps = times.slice(1).map((at, i) => at - times[i]!);
    await queryOnce(primary, (sql) => sql.unsafe(`drop table ${this.table}`), 30_000);
    return {
      acknowledged: this.acknowledged.size,
      missing: [...this.acknowledged.keys()].filter((id) => !present.has(id)),
      longestGapMs: Math.round(Math.max(0, ...gaps)),
      unknown: this.unknown,
    };
  }
}
