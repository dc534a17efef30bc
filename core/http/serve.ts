// Listens: on a port of all addresses, or on a unix socket. Whatever comes, what it costs the agent is bounded, since the lease
// waits for the same thread: docs/decisions/013.
import { createServer } from "node:net";
import type { Hono } from "hono";
import { postgresAccount } from "../runtime/command.ts";
import { setAccess } from "../runtime/files.ts";
import { nextTurn } from "../runtime/time.ts";
import { Connection, type Patience, withStrangers } from "./connection.ts";
import type { Shown } from "./encrypted.ts";
import { type Guest, mostOfOne, whoLeaves } from "./decide/crowd.ts";

/** Of a connection that has shown the cluster's key, of an address that has, of another one. */
type Rank = 0 | 1 | 2;
type Waiting = (() => void)[];

/** So many addresses that have shown the cluster's key are remembered. */
const mostKnown = 64;

/** Serves the app on a port of all addresses or of one, in clear and, if there is something to show, by TLS; or on a unix socket with these permission bits; resolves once it listens. */
export async function serve(
  app: Hono,
  at: { port: number; host?: string; shown?: () => Shown | null } | { socketPath: string },
  mode?: number,
  patience = withStrangers,
): Promise<{ close(): void }> {
  if ("socketPath" in at) {
    const server = await listening(app, { path: at.socketPath }, { patience, shown: () => null });
    await setAccess(at.socketPath, { mode: mode ?? 0o600, owner: postgresAccount });
    return server;
  }
  const { shown = () => null } = at;
  try {
    return await listening(app, { host: at.host ?? "::", port: at.port }, { patience, shown });
  } catch (error) {
    const code = (error as { code?: string }).code ?? "";
    if (code !== "EAFNOSUPPORT" && code !== "EADDRNOTAVAIL") throw error;
    return await listening(app, { port: at.port, host: "0.0.0.0" }, { patience, shown }); // no IPv6 here
  }
}

function listening(
  app: Hono,
  at: { path: string } | { port: number; host: string },
  { patience, shown }: { patience: Patience; shown: () => Shown | null },
): Promise<{ close(): void }> {
  const open = new Set<Connection>();
  const known = new Set([""]);
  const knows = (address: string) => known.has(address);
  const turns = new Turns();
  const listener = {
    turn: ({ address, proven }: Guest) => turns.wait(proven ? 0 : knows(address) ? 1 : 2),
    answer: (request: Request) => app.request(request),
    shown,
    learn: (address: string) => {
      known.delete(address);
      known.add(address);
      if (known.size > mostKnown) known.delete([...known].find((a) => a !== "")!);
    },
  };
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    const address = socket.remoteAddress ?? "";
    const leaves = open.size < mostOfOne ? null : whoLeaves([...open], address, knows);
    leaves?.end();
    if (leaves) open.delete(leaves); // that it is closed is told only after all that are waiting to connect
    const connection = new Connection(socket, address, listener, patience);
    open.add(connection);
    void connection.closed.then(() => open.delete(connection));
  });
  const close = () => {
    server.close();
    for (const connection of open) connection.end();
  };
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(at, () => resolve({ close }));
  });
}

/** Lets requests go ahead: in each turn of the event loop one of each rank. */
class Turns {
  private readonly waiting: readonly [Waiting, Waiting, Waiting] = [[], [], []];
  private due = false;

  wait(rank: Rank): Promise<void> {
    return new Promise((resolve) => {
      this.waiting[rank].push(resolve);
      this.plan();
    });
  }

  private plan(): void {
    if (this.due) return;
    this.due = true;
    nextTurn(() => {
      this.due = false;
      for (const queue of this.waiting) queue.shift()?.();
      if (this.waiting.some((queue) => queue.length > 0)) this.plan();
    });
  }
}
