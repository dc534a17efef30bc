// The clients of a run under faults: writers through pgpool, one writer at every node, transfers between accounts, and readers.
// They record what was acknowledged, where and when, but do not judge it.
import postgres from "postgres";
import { every, systemClock, withDeadline } from "../../../core/runtime/time.ts";
import { type Cluster, nodes } from "../cluster.ts";
import { connect, monkey, queryOnce, type Target } from "../ledger.ts";
import type { Final, Read, Write } from "./records.ts";

const attemptMs = 2_000;
/** Each bank moves money between accounts of its own, so that no two transfers wait for each other. */
const banks = 3;
const accountsOfBank = 10;
const accounts = banks * accountsOfBank;
const perAccount = 100;
export const total = accounts * perAccount;

const insertSql = (client: string, n: number) =>
  `insert into chaos_ledger values ('${client}', ${n}) returning current_setting('cluster_name') as node,
   ('x' || substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8))::bit(32)::int as timeline`;

/** The service whose NODE_NAME this is: node1 is the first of the example cluster. */
const serviceOf = (nodeName: unknown): string => nodes[Number(String(nodeName).replace("node", "")) - 1] ?? "?";

export class Workload {
  readonly writes: Write[] = [];
  readonly reads: Read[] = [];
  readonly lastSent: Record<string, number> = {};
  unknown = 0;
  /** when each write or transfer through pgpool was acknowledged */
  readonly pooledAt: number[] = [];
  private watched = 0;
  private readonly halt = new AbortController();
  private readonly running: Promise<void>[] = [];

  private constructor(private readonly cluster: Cluster) {}

  static async start(cluster: Cluster): Promise<Workload> {
    const workload = new Workload(cluster);
    const host = (await cluster.address("pgpool"))!;
    await queryOnce({ ...monkey, host }, (sql) =>
      sql.unsafe(
        `drop table if exists chaos_ledger, chaos_accounts, chaos_transfers;
         create table chaos_ledger (client text, n int, primary key (client, n));
         create table chaos_accounts (id int primary key, balance int not null);
         create table chaos_transfers (transfer text, part int, tx xid8 default pg_current_xact_id(),
           pid int default pg_backend_pid(), at timestamptz default clock_timestamp());
         insert into chaos_accounts select i, ${perAccount} from generate_series(1, ${accounts}) i`,
      ));
    for (const client of ["pool-1", "pool-2"]) workload.client(client, "pgpool", 50, workload.writer(client, true));
    for (const node of nodes) workload.client(`direct-${node}`, node, 100, workload.writer(`direct-${node}`, false));
    for (let bank = 0; bank < banks; bank++) {
      workload.client(`bank-${bank}`, "pgpool", 100, workload.transfer(bank));
    }
    workload.running.push(workload.reader());
    return workload;
  }

  /** A read that saw a wrong sum, if there was one. */
  get wrongSum(): Read | undefined {
    return this.reads.find((r) => r.sum !== total);
  }

  /** Longest time without anything acknowledged through pgpool since then, the present silence included. */
  gapSince(fromMs: number): number {
    const times = [...this.pooledAt, systemClock.nowMs()];
    return Math.round(Math.max(0, ...times.slice(1).map((at, i) => at > fromMs ? at - times[i]! : 0)));
  }

  async stop(): Promise<void> {
    this.halt.abort();
    await Promise.all(this.running);
  }

  /** Repeats a step on its own connection; after an error that ends it, the next one goes to the service's address at that time. */
  private client(name: string, service: string, everyMs: number, step: (sql: postgres.Sql) => Promise<void>): void {
    let sql: postgres.Sql | null = null;
    this.lastSent[name] = 0;
    const once = async () => {
      if (sql === null) {
        const host = await this.cluster.address(service).catch(() => null);
        if (host === null) return await systemClock.sleep(500, this.halt.signal);
        sql = connect({ ...monkey, host });
      }
      await withDeadline(step(sql), attemptMs, service);
    };
    const onError = (error: unknown) => {
      if (refused(error)) return;
      this.unknown++;
      sql?.end({ timeout: 0 }).catch(() => {});
      sql = null;
    };
    const loop = every(everyMs, once, { clock: systemClock, signal: this.halt.signal, onError });
    this.running.push(loop.then(() => void sql?.end({ timeout: 0 }).catch(() => {})));
  }

  private writer(client: string, pooled: boolean): (sql: postgres.Sql) => Promise<void> {
    return async (sql) => {
      const n = ++this.lastSent[client]!;
      const sentMs = systemClock.nowMs();
      const [row] = await sql.unsafe(insertSql(client, n));
      const ackMs = systemClock.nowMs();
      this.writes.push({ client, n, node: serviceOf(row?.node), timeline: Number(row?.timeline), sentMs, ackMs });
      if (pooled) this.pooledAt.push(ackMs);
      if (client === "pool-1") this.watched = n;
    };
  }

  /** Each half of a transfer leaves a row with its transaction, so that half a transfer can be explained. */
  private transfer(bank: number): (sql: postgres.Sql) => Promise<void> {
    let turn = 0;
    const account = (n: number) => bank * accountsOfBank + n % accountsOfBank + 1;
    return async (sql) => {
      const from = account(turn++);
      const to = account(turn * 3);
      const half = (part: number, id: number, by: number) =>
        `with noted as (insert into chaos_transfers (transfer, part) values ('${bank}/${turn}', ${part}))
         update chaos_accounts set balance = balance + ${by} where id = ${id}`;
      await sql.begin(async (t) => {
        await t.unsafe(half(1, from, -1));
        await t.unsafe(half(2, to, 1));
      });
      this.pooledAt.push(systemClock.nowMs());
    };
  }

  /** Each read is a session of its own, since pgpool balances sessions. */
  private reader(): Promise<void> {
    const read = async () => {
      const target: Target = { ...monkey, host: (await this.cluster.address("pgpool"))! };
      const sentMs = systemClock.nowMs();
      const required = this.watched;
      const [row] = await queryOnce(target, (sql) =>
        sql.unsafe(
          `select current_setting('cluster_name') as node, (select sum(balance)::int from chaos_accounts) as sum,
           (select coalesce(max(n), 0) from chaos_ledger where client = 'pool-1') as seen`,
        ), attemptMs);
      const node = serviceOf(row?.node);
      this.reads.push({ client: "reader", node, sentMs, sum: Number(row?.sum), required, seen: Number(row?.seen) });
    };
    return every(300, read, { clock: systemClock, signal: this.halt.signal, onError: () => {} });
  }
}

/** A refusal by a standby is certain: nothing was written. */
function refused(error: unknown): boolean {
  return error instanceof postgres.PostgresError && (error.code === "25006" || error.code === "55000");
}

/** What a node holds now. */
export async function readFinal(node: string, host: string): Promise<Final> {
  return await queryOnce({ ...monkey, host }, async (sql) => {
    const rows = await sql.unsafe("select client || '/' || n as row from chaos_ledger");
    const [accounts] = await sql.unsafe("select sum(balance)::int as sum from chaos_accounts");
    const torn = await sql.unsafe(
      `select 'transfer ' || transfer || ': ' || string_agg(
         format('part %s in transaction %s of backend %s at %s', part, tx, pid, at), ', ' order by part, at) as words
       from chaos_transfers group by transfer having count(*) <> 2 or count(distinct tx) <> 1 order by min(at) limit 5`,
    );
    const rowsThere = new Set(rows.map((r) => String(r.row)));
    return { node, sum: Number(accounts?.sum), torn: torn.map((t) => String(t.words)), rows: rowsThere };
  }, 30_000);
}
