// Listens: on a port of all addresses, or on a unix socket.
import { createAdaptorServer } from "@hono/node-server";
import type { Hono } from "hono";
import { postgresAccount } from "../runtime/command.ts";
import { setAccess } from "../runtime/files.ts";

/** Serves the app on a port of all addresses, or on a unix socket with these permission bits; resolves once it listens. */
export async function serve(
  app: Hono,
  at: { port: number } | { socketPath: string },
  mode?: number,
): Promise<{ close(): void }> {
  if ("socketPath" in at) {
    const server = await listening(app, { path: at.socketPath });
    await setAccess(at.socketPath, { mode: mode ?? 0o600, owner: postgresAccount });
    return server;
  }
  try {
    return await listening(app, { port: at.port, host: "::" });
  } catch (error) {
    const code = (error as { code?: string }).code ?? "";
    if (code !== "EAFNOSUPPORT" && code !== "EADDRNOTAVAIL") throw error;
    return await listening(app, { port: at.port, host: "0.0.0.0" }); // no IPv6 here
  }
}

function listening(app: Hono, at: { path: string } | { port: number; host: string }): Promise<{ close(): void }> {
  const server = createAdaptorServer({ fetch: app.fetch });
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(at, () => resolve({ close: () => void server.close() }));
  });
}
