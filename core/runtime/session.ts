// A session with a PostgreSQL server on the network, by the driver: its name looked up, TLS preferred, all of it within a deadline.
import postgres from "postgres";
import type { Trust } from "../postgres/conninfo.ts";
import { prepared } from "../postgres/scram.ts";
import { acceptedProofs, LoginGuard } from "../postgres/server-proof.ts";
import { maySucceedWithoutTls, type TlsAttempt, tlsAttempts, tlsPaths } from "../postgres/tls.ts";
import { readIfThere } from "./files.ts";
import type { Names } from "./names.ts";
import { openServerSocket } from "./server-socket.ts";
import { withDeadline } from "./time.ts";

/** How to log in to a server. */
export interface Login {
  host: string;
  port: number;
  user: string;
  password: string;
  database: string;
  /** how the server has to prove itself */
  trust: Trust;
}

export interface SessionOptions {
  /** where the address of the host is known */
  names: Names;
  /** of the session as a whole, milliseconds */
  deadlineMs: number;
  /** of the connection, milliseconds */
  connectMs: number;
  /** settings of the session */
  settings?: Readonly<Record<string, string | number>>;
  /** whom this container trusts, PEM; null: there is no such file */
  authorities?: () => Promise<string | null>;
  /** called once the server has let in; the driver has yet to compare the server's own proof with the password */
  letsIn?: () => void;
}

/** How long the lookup of a name may take, milliseconds. */
const lookupMs = 3_000;

/** Opens one session, hands it to `work` and closes it whatever happens. Throws what the lookup, the login or `work` throws. */
export async function withSession<T>(
  { host, port, password, trust, ...login }: Login,
  { names, deadlineMs, connectMs, settings = {}, authorities = ownAuthorities, letsIn }: SessionOptions,
  work: (sql: postgres.Sql) => Promise<T>,
): Promise<T> {
  const { address } = await names.addressOf(host, Math.min(deadlineMs, lookupMs));
  const opened: postgres.Sql[] = [];
  const over = new AbortController();
  const open = async (attempt: TlsAttempt) => {
    const guard = new LoginGuard(acceptedProofs(trust.hostAuthMethod), letsIn);
    const tls = attempt === "verify" ? { name: host, authorities: await required(authorities) } : attempt;
    const connect = { tls, guard, connectMs: Math.min(connectMs, deadlineMs), signal: over.signal };
    const sockets = [await openServerSocket({ host: address, port, ...connect })];
    const taken = {
      // the driver would connect again, without end
      socket: () => sockets.pop() ?? Promise.reject(new Error("The server closed the connection during the login")),
    };
    const sql = postgres({
      ...login,
      ...taken,
      password: prepared(password), // the driver would hash it as it was typed, and the server does not
      host: address,
      port,
      ssl: false,
      max: 1,
      idle_timeout: 0,
      connect_timeout: Math.min(connectMs, deadlineMs) / 1000,
      fetch_types: false,
      prepare: false,
      onnotice: () => {},
      connection: settings,
    });
    opened.push(sql);
    await sql`select`; // the driver logs in with the first query, and `work` must not be done twice
    return sql;
  };
  const all = async () => await work(await firstThatLogsIn(tlsAttempts(trust), open));
  try {
    return await withDeadline(all(), deadlineMs, `PostgreSQL on ${host}`);
  } finally {
    over.abort();
    for (const sql of opened) sql.end({ timeout: 0 }).catch(() => {});
  }
}

/** The SQLSTATE of what the server has said; null: the error is none of the server's. */
export const codeOfServer = (error: unknown): string | null =>
  error instanceof postgres.PostgresError ? error.code : null;

/** The error of the first attempt counts: without TLS a server refuses for the reason that there is none. */
async function firstThatLogsIn(
  [first, second]: readonly TlsAttempt[],
  open: (tls: TlsAttempt) => Promise<postgres.Sql>,
): Promise<postgres.Sql> {
  try {
    return await open(first!);
  } catch (error) {
    if (second === undefined || !maySucceedWithoutTls((error as { code?: unknown }).code)) throw error;
    return await open(second).catch(() => Promise.reject(error));
  }
}

const ownAuthorities = () => readIfThere(tlsPaths.authorities);

async function required(authorities: () => Promise<string | null>): Promise<string> {
  const text = await authorities();
  if (text === null) {
    throw new Error(`there is no file ${tlsPaths.authorities}, with which the server could be checked`);
  }
  return text;
}
