// Asks the agents of other containers over HTTP. Each role or command makes one value of Peers and hands it on: it knows the port,
// remembers addresses and keeps connections.
import { Agent, request } from "node:http";
import { readStatus } from "../protocol/read-status.ts";
import type { PeerSeen } from "../protocol/status.ts";
import { errorText } from "../words/errors.ts";
import { NotEncrypted, TlsAgent } from "./tls-agent.ts";
import { Names } from "../runtime/names.ts";
import { type Clock, withDeadline } from "../runtime/time.ts";

/** An answer that is not 2xx, with its body. */
export class HttpError extends Error {
  override name = "HttpError";
  constructor(path: string, readonly status: number, readonly body: string) {
    super(`HTTP ${status} from ${path}: ${body}`);
  }
}

export interface AskHow {
  timeoutMs: number;
  /** the agent looks at its server first, instead of answering with what it saw up to a second ago */
  fresh?: boolean;
  /** the agent answers as soon as its revision differs from this one, or after a second */
  since?: number;
}

/** Most bytes of an answer. One that holds bytes of a file may be longer by what one piece holds. */
export const mostAnswerBytes = 1_000_000;

/** An answer of any status, with its headers. */
export class Answer {
  constructor(
    readonly status: number,
    readonly headers: Readonly<Record<string, string | string[] | undefined>>,
    readonly bytes: Buffer,
  ) {}

  get body(): string {
    return this.bytes.toString("utf8");
  }
}

/** How other containers are asked: by TLS where they have it. */
export interface PeerTls {
  /** whom they have to be signed by, PEM; null: nobody is trusted */
  authorities(): string | null;
}

interface Asked {
  /** a host, or the path of a unix socket if it begins with / */
  at: string;
  path: string;
  method: string;
  timeoutMs: number;
  body?: string;
  headers: Record<string, string>;
  mostBytes?: number;
  /** it is not sent in clear where others are asked by TLS */
  secret?: boolean;
}

/** So long an agent that does not speak TLS is asked in clear before that is tried again, milliseconds. */
const inClearMs = 30_000;

/** The agents of other containers, and this container's own over its socket. */
export class Peers {
  /** agents are asked every second: a new connection for each request would cost both sides twice the CPU */
  private readonly connections = new Agent({ keepAlive: true });
  private readonly byTls: { kept: TlsAgent; once: TlsAgent } | null;
  /** until when these hosts are asked in clear, milliseconds of the clock */
  private readonly inClear = new Map<string, number>();

  /** the addresses of this process: whoever connects to another container takes them from here */
  readonly names: Names;

  constructor(private readonly clock: Pick<Clock, "nowMs">, private readonly port: number, tls: PeerTls | null = null) {
    this.names = new Names(clock);
    const trusted = () => tls?.authorities() ?? null;
    this.byTls = tls && { kept: new TlsAgent({ keepAlive: true }, trusted), once: new TlsAgent({}, trusted) };
  }

  /** Fetches one agent's /status, which nobody has signed: for people, not for decisions. Never throws: a failure is in `error`. */
  async askNode(host: string, how: AskHow): Promise<PeerSeen> {
    const path = how.fresh ? "/status?fresh=1" : how.since === undefined ? "/status" : `/status?since=${how.since}`;
    try {
      const body = await withDeadline(this.getText(host, path, how.timeoutMs), how.timeoutMs, `The agent of ${host}`);
      const read = readStatus(JSON.parse(body));
      if (read.ok) return { host, seen: "reached", status: read.status };
      return { host, seen: "unreachable", error: `its /status is not that of a postgres node: ${read.why}` };
    } catch (error) {
      return { host, seen: "unreachable", error: errorText(error) };
    }
  }

  /** GET as text; `at` is a host, or a unix socket path when it begins with /. Throws on any status but 2xx. */
  getText(at: string, path: string, timeoutMs: number): Promise<string> {
    return this.text({ at, path, method: "GET", timeoutMs, headers: {} });
  }

  /** GET; returns the answer whatever its status. Throws if there is none. */
  getAnswer(at: string, path: string, timeoutMs: number): Promise<Answer> {
    return this.answer({ at, path, method: "GET", timeoutMs, headers: {} });
  }

  /** POST of a JSON body with headers; returns the answer whatever its status. Throws if there is none. */
  postSigned(
    host: string,
    path: string,
    o: { body: string; headers: Record<string, string>; timeoutMs: number; mostBytes: number; secret: boolean },
  ): Promise<Answer> {
    const headers = { ...o.headers, "content-type": "application/json" };
    return this.answer({ ...o, at: host, path, method: "POST", headers });
  }

  /** POST of a JSON body; returns the answer as text. Throws on any status but 2xx, with the answer in the message. */
  postJson(at: string, path: string, body: unknown, timeoutMs: number): Promise<string> {
    const headers = { "content-type": "application/json" };
    return this.text({ at, path, method: "POST", timeoutMs, body: JSON.stringify(body), headers });
  }

  private async text(o: Asked): Promise<string> {
    const { status, body } = await this.answer(o);
    if (status >= 200 && status < 300) return body;
    throw new HttpError(o.path, status, body.slice(0, 500).trim());
  }

  private async answer(o: Asked): Promise<Answer> {
    const signal = AbortSignal.timeout(o.timeoutMs);
    if (o.at.startsWith("/")) return await send({ socketPath: o.at, agent: false }, o, signal);
    const target = { host: (await this.names.addressOf(o.at, o.timeoutMs)).address, port: this.port };
    const encrypted = this.byTls !== null &&
      (o.secret === true || !((this.inClear.get(o.at) ?? 0) > this.clock.nowMs()));
    if (!encrypted) return await this.ask(target, { kept: this.connections, once: false }, o, signal);
    try {
      return await this.ask({ ...target, servername: o.at }, this.byTls!, o, signal);
    } catch (error) {
      // what is asked so often is public, and signed; the lease must not depend on certificates
      if (!(error instanceof NotEncrypted) || o.secret === true) throw error;
      this.inClear.set(o.at, this.clock.nowMs() + inClearMs);
      return await this.ask(target, { kept: this.connections, once: false }, o, signal);
    }
  }

  private async ask(
    target: { host: string; port: number; servername?: string },
    agents: { kept: Agent; once: Agent | false },
    o: Asked,
    signal: AbortSignal,
  ): Promise<Answer> {
    try {
      return await send({ ...target, agent: agents.kept }, o, signal);
    } catch (error) {
      // the other side may just have closed a kept connection, for example because it was restarted
      if (signal.aborted) throw new Error(`no answer within ${o.timeoutMs / 1000} s`, { cause: error });
      if (!(error instanceof KeptConnectionError)) throw error;
      return await send({ ...target, agent: agents.once }, o, signal);
    }
  }
}

/** A reused connection has broken. */
class KeptConnectionError extends Error {
  override name = "KeptConnectionError";
}

type Target = { socketPath: string; agent: false } | {
  host: string;
  port: number;
  agent: Agent | false;
  servername?: string;
};

function send(target: Target, o: Asked, signal: AbortSignal): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { path, method, mostBytes = mostAnswerBytes } = o;
    const headers = { ...o.headers, ...("host" in target ? { host: `${o.at}:${target.port}` } : {}) };
    const req = request({ ...target, path, method, signal, headers }, (res) => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      res.on("data", (chunk: Buffer) => {
        chunks.push(chunk);
        bytes += chunk.length;
        if (bytes > mostBytes) req.destroy(new Error(`the answer is over ${Math.floor(mostBytes / 1_000_000)} MB`));
      });
      res.on("error", reject);
      res.on("end", () => resolve(new Answer(res.statusCode ?? 0, res.headers, Buffer.concat(chunks))));
    });
    req.on("error", (error) => {
      reject(req.reusedSocket ? new KeptConnectionError(errorText(error), { cause: error }) : error);
    });
    req.end(o.body);
  });
}
