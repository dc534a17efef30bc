// A base backup on disk as barman leaves it, the desk that sends it, and a client that is joined to desks without a network.
import { mkdir, mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { HttpError, mostAnswerBytes } from "../../core/client/peers.ts";
import { answering, ControlRefusal } from "../../core/http/control.ts";
import { decodeAnswer, encodeAnswer } from "../../core/protocol/answer-body.ts";
import { type Order, orders, pieceBytes } from "../../core/protocol/orders.ts";
import { createLog } from "../../core/runtime/log.ts";
import { type BackupDesk, backupDesk } from "../../roles/barman/http/backup-desk.ts";
import { FakeClock } from "./fake-clock.ts";

export const backupId = "20261127T183848";

/** A finished backup in barman's record. */
export const doneRecord = [
  "begin_xlog=0/7000028",
  "begin_wal=000000010000000000000007",
  "end_time=2026-11-27 18:38:48.791979+00:00",
  "end_xlog=0/8000000",
  "status=DONE",
  "timeline=1",
  "xlog_segment_size=16777216",
  "",
].join("\n");

/** Content by path; null is a directory. */
export type Tree = Readonly<Record<string, string | Uint8Array | null>>;

/** Makes files with a time in the past, which the clock does not give again. */
export async function makeTree(root: string, tree: Tree): Promise<void> {
  for (const [path, content] of Object.entries(tree)) {
    const at = join(root, path);
    await mkdir(content === null ? at : dirname(at), { recursive: true });
    if (content === null) continue;
    await writeFile(at, content, { mode: 0o600 });
    await utimes(at, 1_795_000_000.1234, 1_795_000_000.1234);
  }
}

/** What is in a directory, to be compared: content of files as hexadecimal digits, with mode and time. */
export async function readTree(root: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const entry of await readdir(root, { recursive: true, withFileTypes: true })) {
    const at = join(entry.parentPath, entry.name);
    const s = await stat(at);
    const content = entry.isFile() ? `${Math.floor(s.mtimeMs)} ${(await readFile(at)).toString("hex")}` : "directory";
    found[at.slice(root.length + 1)] = `${(s.mode & 0o777).toString(8)} ${content}`;
  }
  return Object.fromEntries(Object.entries(found).toSorted(([a], [b]) => a < b ? -1 : 1));
}

/** barman's directories with one finished backup, and a directory to fetch it into. */
export async function inBarman(
  tree: Tree,
  work: (at: { home: string; base: string; data: string; record: string; target: string }) => Promise<void>,
): Promise<void> {
  const scratch = await mkdtemp(join(tmpdir(), "postdock-backup-"));
  const base = join(scratch, "pg_cluster", "base", backupId);
  const data = join(base, "data");
  const record = join(scratch, "pg_cluster", "meta", `${backupId}-backup.info`);
  try {
    await makeTree(data, tree);
    await makeTree(dirname(record), { [`${backupId}-backup.info`]: doneRecord });
    await work({ home: scratch, base, data, record, target: join(scratch, "target") });
  } finally {
    await rm(scratch, { recursive: true });
  }
}

/** A log whose lines can be looked at. */
export function keptLog() {
  const lines: string[] = [];
  return { lines, log: createLog({ level: "INFO", write: (line) => lines.push(line), wallMs: () => 0 }) };
}

/** The desk of a barman whose directories are below `home`. */
export function deskAt(home: string, clock = new FakeClock(), sshEnable = true): BackupDesk {
  const stop = new AbortController().signal;
  return backupDesk({
    config: { backupDir: home, serverName: "pg_cluster", sshEnable },
    clock,
    log: keptLog().log,
    stop,
  });
}

export const answersOf = (desk: BackupDesk) => [
  answering(orders.backupFiles, desk.files),
  answering(orders.backupPiece, desk.piece),
];

/** Joins a client to desks by their hosts, with all that bodies and schemas do to questions and answers. */
export function joined(desks: Readonly<Record<string, BackupDesk>>) {
  return {
    ask: async <Q extends object, A extends object>(order: Order<Q, A>, host: string, question: Q): Promise<A> => {
      const desk = desks[host];
      if (!desk) throw new Error(`${host} does not answer`);
      const answer = answersOf(desk).find((a) => a.path === order.path)!;
      try {
        const body = encodeAnswer(await answer.carryOut(JSON.parse(JSON.stringify(question))));
        const most = mostAnswerBytes + (answer.hasBytes ? pieceBytes : 0);
        if (body.length > most) throw new Error(`the answer has ${body.length} bytes`);
        return order.answer.parse(decodeAnswer(body));
      } catch (error) {
        if (error instanceof ControlRefusal) throw new HttpError(order.path, 409, error.message);
        throw error;
      }
    },
  };
}
