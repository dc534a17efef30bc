// A connection to a server of PostgreSQL until the driver takes it over: TLS where the server has it, and nothing that it sends
// reaches the driver before it was judged. The driver itself sends the password to whoever asks for it.
import { connect, isIP, type Socket } from "node:net";
import { checkServerIdentity, connect as connectTls, type PeerCertificate } from "node:tls";
import type { LoginGuard } from "../postgres/server-proof.ts";
import { sslRequest } from "./postgres-ping.ts";
import { after, onAbort } from "./time.ts";

type Tls = false | "prefer" | { name: string; authorities: string };

export interface SocketOptions {
  host: string;
  port: number;
  /** false: it is not asked for; prefer: it may refuse; otherwise it has to show a certificate for this name */
  tls: Tls;
  /** of the connection with its TLS, milliseconds */
  connectMs: number;
  guard: LoginGuard;
  /** gives up an attempt that has not succeeded yet */
  signal: AbortSignal;
}

/** Opens it. Rejects with what the connection or TLS failed of, or with code CONNECT_TIMEOUT. */
export async function openServerSocket({ host, port, tls, connectMs, guard, signal }: SocketOptions): Promise<Socket> {
  const plain = connect({ host, port });
  plain.on("error", () => {}); // heard below, and by the driver
  const giveUp = (why: string, code: string) =>
    plain.destroy(Object.assign(new Error(`${code} ${host}:${port}: ${why}`), { code }));
  const cancel = after(connectMs, () => giveUp(`no connection within ${connectMs} ms`, "CONNECT_TIMEOUT"));
  const forget = onAbort(signal, () => giveUp("given up", "CONNECTION_DESTROYED"));
  try {
    await once(plain, "connect");
    return guarded(tls === false ? plain : await withTls(plain, tls), guard);
  } catch (error) {
    plain.destroy();
    throw error;
  } finally {
    cancel();
    forget();
  }
}

async function withTls(plain: Socket, tls: Exclude<Tls, false>): Promise<Socket> {
  const answer = once(plain, "data");
  plain.write(sslRequest);
  const [bytes] = await answer as [Uint8Array];
  if (bytes[0] !== 0x53) {
    if (tls === "prefer") return plain;
    throw new Error("server does not support SSL, but SSL was required");
  }
  const secure = connectTls({
    socket: plain,
    ...tls === "prefer" ? { rejectUnauthorized: false } : {
      ca: tls.authorities,
      checkServerIdentity: isFor(tls.name),
      ...isIP(tls.name) ? {} : { servername: tls.name },
    },
  });
  secure.on("error", () => {});
  const closed = once(plain, "close").then(() => Promise.reject(new Error("The server closed the connection")));
  await Promise.race([once(secure, "secureConnect"), closed]);
  return secure;
}

/** Whether the certificate is for this name or address, as sslmode=verify-full asks (libpq ignores the dots of sub-domains, too). */
const isFor = (name: string) => (_: string, certificate: PeerCertificate) => checkServerIdentity(name, certificate);

/** What `socket` gives to `event`. Rejects if it fails or closes before. */
function once(socket: Socket, event: string): Promise<unknown[]> {
  return new Promise((resolve, reject) => {
    socket.once(event, (...given) => resolve(given));
    socket.once("error", reject);
    socket.once("close", () => reject(new Error("The server closed the connection")));
  });
}

/** The driver hears the server's bytes only while the guard lets them pass; otherwise the connection ends with the reason. */
function guarded(socket: Socket, guard: LoginGuard): Socket {
  const on = socket.on.bind(socket);
  const hear = (listener: (bytes: Uint8Array) => void) => (bytes: Uint8Array) => {
    const why = socket.destroyed ? null : guard.refuse(bytes);
    if (why !== null) socket.destroy(Object.assign(new Error(why), { code: "REQUIRE_AUTH" }));
    if (!socket.destroyed) listener(bytes);
  };
  return Object.assign(socket, {
    // deno-lint-ignore no-explicit-any -- as EventEmitter declares its listeners
    on: (event: string, listener: (...given: any[]) => void) => on(event, event === "data" ? hear(listener) : listener),
  });
}
