// Fetches WAL that pg_rewind needs and this node no longer has from barman's agent, whose address the primary knows.
import { join } from "node:path";
import type { NodeConfig } from "../../../config/postgres-node.ts";
import type { ControlClient } from "../../../core/client/control-client.ts";
import type { Log } from "../../../core/runtime/log.ts";
import type { Command } from "../../../core/runtime/context.ts";
import { postgresAccount } from "../../../core/runtime/command.ts";
import { errorText, ExitCode } from "../../../core/words/errors.ts";
import { writeAtomic } from "../../../core/runtime/files.ts";
import { Peers } from "../../../core/client/peers.ts";
import { httpPortOf } from "../../../core/protocol/port.ts";
import { inParallel } from "../../../core/runtime/parallel.ts";
import { type Clock, waitUntil } from "../../../core/runtime/time.ts";
import { no, type Verdict, yes } from "../../../core/words/verdict.ts";
import { orders, walFileName } from "../../../core/protocol/orders.ts";
import { barmanReceiver } from "../decide/sync.ts";
import { stagingDirectory } from "./journal.ts";
import type { RewindUnderWay } from "./rewind.ts";
import { agentSocketPath } from "../../../core/protocol/port.ts";

/** How long barman may take to follow a new primary, milliseconds. */
const followMs = 30_000;
/** How long barman may take for one answer, milliseconds. */
const answerMs = 30_000;
/** How many pieces of a file are asked for at the same time. */
const mostRequests = 4;
/** How long one file may take altogether, milliseconds. */
const fileMs = 120_000;

export interface FetchDeps {
  config: NodeConfig;
  clock: Clock;
  log: Log;
  client: ControlClient;
  peers: Peers;
}

/** Puts one WAL file into pg_wal, but only while a rewind is under way. */
export async function fetchWal(name: string, rewinding: RewindUnderWay | null, node: FetchDeps): Promise<Verdict> {
  const { config, log } = node;
  if (!walFileName.test(name)) return no(`${JSON.stringify(name)} is not the name of a WAL file`);
  if (rewinding === null) return no("no rewind is under way");
  const started = node.clock.nowMs();
  try {
    const host = await addressOfBarman(rewinding.to, node);
    const content = await readWhole(host, name, node);
    await writeAtomic(join(stagingDirectory(config.pgdata), "pg_wal", name), content, {
      mode: 0o600,
      owner: postgresAccount,
    });
    rewinding.fetched.push(name);
    log.info("WAL fetched from barman", { file: name, from: host, tookMs: Math.round(node.clock.nowMs() - started) });
    return yes(`${name} was fetched`);
  } catch (error) {
    log.warn("WAL could not be fetched from barman", { file: name, why: errorText(error) });
    return no(errorText(error));
  }
}

/** The address of barman's receiver at the primary. barman may need a moment to follow a new primary. */
async function addressOfBarman(primary: string, node: FetchDeps): Promise<string> {
  return await waitUntil(
    async () => {
      const seen = await node.client.askNode(primary, { timeoutMs: 2_000 });
      if (seen.seen !== "reached") return null;
      return seen.status.postgres.downstream.find((d) => d.applicationName === barmanReceiver)?.address ?? null;
    },
    {
      what: `barman to receive from ${primary}`,
      deadlineMs: followMs,
      fix: "see the log of the barman container; without one, this node is cloned",
    },
    { clock: node.clock },
  );
}

/** Reads one WAL file from barman's agent. Throws HttpError with 409 if barman does not have it. */
export async function readWhole(
  host: string,
  name: string,
  node: Pick<FetchDeps, "clock" | "client">,
  { unfinished = false }: { unfinished?: boolean } = {},
): Promise<Buffer> {
  const deadline = node.clock.nowMs() + fileMs;
  const pieceAt = async (offset: number) => {
    if (node.clock.nowMs() > deadline) throw new Error(`fetching ${name} took more than ${fileMs / 1000} s`);
    const { totalBytes, content } = await node.client.ask(orders.wal, host, { name, offset, unfinished }, answerMs);
    return { totalBytes, piece: content };
  };
  const { totalBytes, piece: first } = await pieceAt(0);
  if (first.length === 0) throw new Error(`${name} is empty`);
  const whole = Buffer.alloc(totalBytes);
  whole.set(first);
  const count = Math.ceil((totalBytes - first.length) / first.length);
  const offsets = Array.from({ length: count }, (_, i) => first.length * (i + 1));
  await inParallel(mostRequests, offsets, async (offset) => {
    const { piece } = await pieceAt(offset);
    const expected = Math.min(first.length, totalBytes - offset);
    if (piece.length !== expected) {
      throw new Error(`${name} has ${piece.length} bytes at ${offset} instead of ${expected}`);
    }
    whole.set(piece, offset);
  });
  return whole;
}

/** `postgres-node fetch-wal NAME [PATH]`: the restore_command of pg_rewind, and with PATH that of a recovery from a backup. */
export const fetchWalCommand: Command = async (context, { args: [name = "", path] }) => {
  try {
    const peers = new Peers(context.clock, httpPortOf(context));
    const asked = path === undefined ? { name } : { name, path };
    context.print((await peers.postJson(agentSocketPath, "/local/fetch-wal", asked, fileMs + followMs)).trim());
    return ExitCode.ok;
  } catch (error) {
    context.complain(`postdock: WAL could not be fetched from barman: ${errorText(error)}`);
    return ExitCode.no;
  }
};
