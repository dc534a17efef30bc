// Asks another container's agent for its /status, with a deadline of our own (a lookup has none).
import { lookup } from "node:dns/promises";
import { Agent, request } from "node:http";
import { NodeStatus, type PeerSeen } from "../protocol/status.ts";
import { errorText } from "../words/errors.ts";
import { httpPort } from "../protocol/port.ts";
import { systemClock, withDeadline } from "../runtime/time.ts";

/** An answer that is not 2xx; `body`: what it said. */
export class HttpError extends Error {
  override name = "HttpError";
  constructor(path: string, readonly status: number, readonly body: string) {
    super(`HTTP ${status} from ${path}: ${body}`);
  }
}

export interface AskHow {
  timeoutMs: number;
  /** the agent looks at its server first, instead of telling what it saw up to a second ago */
  fresh?: boolean;
  /** the agent answers as soon as its revision is another one, after a second at the latest */
  since?: number;
}

/** Fetches one agent's /status. Never throws: what went wrong is in `error`. */
export async function askNode(host: string, how: AskHow): Promise<PeerSeen> {
  const path = how.fresh ? "/status?fresh=1" : how.since === undefined ? "/status" : `/status?since=${how.since}`;
  try {
    const body = await withDeadline(getText(host, path, how.timeoutMs), how.timeoutMs, `The agent of ${host}`);
    const parsed = NodeStatus.safeParse(JSON.parse(body));
    if (parsed.success) return { host, seen: "reached", status: parsed.data };
    const where = parsed.error.issues[0];
    return {
      host,
      seen: "unreachable",
      error: `its /status is not one of a postgres node: ${where?.path.join(".")} ${where?.message}`,
    };
  } catch (error) {
    return { host, seen: "unreachable", error: errorText(error) };
  }
}

/** Asks all hosts at once. */
export function askNodes(hosts: readonly string[], how: AskHow): Promise<PeerSeen[]> {
  return Promise.all(hosts.map((host) => askNode(host, how)));
}

/** GET over HTTP as text; `at` is a host, or a unix socket path when it starts with /. Throws on failure. */
export function getText(at: string, path: string, timeoutMs: number): Promise<string> {
  return requestText({ at, path, method: "GET", timeoutMs });
}

/** An answer of any status, with its headers. */
export interface Answer {
  status: number;
  body: string;
  headers: Readonly<Record<string, string | string[] | undefined>>;
}

/** GET over HTTP; the answer whatever its status. Throws where there is none. */
export function getAnswer(at: string, path: string, timeoutMs: number): Promise<Answer> {
  return requestAnswer({ at, path, method: "GET", timeoutMs, headers: {} });
}

/** POST of a JSON body with headers; the answer whatever its status. Throws where there is none. */
export function postSigned(
  host: string,
  path: string,
  o: { body: string; headers: Record<string, string>; timeoutMs: number },
): Promise<Answer> {
  const headers = { ...o.headers, "content-type": "application/json" };
  return requestAnswer({ at: host, path, method: "POST", timeoutMs: o.timeoutMs, body: o.body, headers });
}

/** POST of a JSON body; the answer as text. Throws on any status but 2xx, with the answer in the message. */
export function postJson(at: string, path: string, body: unknown, timeoutMs: number): Promise<string> {
  return requestText({ at, path, method: "POST", timeoutMs, body: JSON.stringify(body) });
}

async function requestText(
  o: { at: string; path: string; method: string; timeoutMs: number; body?: string },
): Promise<string> {
  const headers: Record<string, string> = o.body === undefined ? {} : { "content-type": "application/json" };
  const { status, body } = await requestAnswer({ ...o, headers });
  if (status >= 200 && status < 300) return body;
  throw new HttpError(o.path, status, body.slice(0, 500).trim());
}

/** Last known addresses: a dead container's name takes Docker's resolver 10 s, and no lookup has a deadline. */
const addresses = new Map<string, { address: string; family: number; atMs: number }>();
const lookups = new Map<string, Promise<void>>();
const addressFreshMs = 2_000;

/** The address of a host: the last known one at once, looked up again beside where it is not fresh. */
async function addressOf(host: string, timeoutMs: number): Promise<{ address: string; family: number }> {
  const known = addresses.get(host);
  if (known && systemClock.nowMs() - known.atMs < addressFreshMs) return known;
  if (!lookups.has(host)) {
    const looking = lookup(host).then(({ address, family }) => {
      addresses.set(host, { address, family, atMs: systemClock.nowMs() });
    }).finally(() => lookups.delete(host));
    looking.catch(() => {}); // whoever waits for it hears of it; the last known address stays
    lookups.set(host, looking);
  }
  if (!known) await withDeadline(lookups.get(host)!, timeoutMs, `The name ${host}`);
  const found = addresses.get(host);
  if (!found) throw new Error(`the name ${host} does not resolve`);
  return found;
}

/** Agents are asked every second: a connection of its own for each request would cost both sides twice the CPU. */
const connections = new Agent({ keepAlive: true });

interface Asked {
  at: string;
  path: string;
  method: string;
  timeoutMs: number;
  body?: string;
  headers: Record<string, string>;
}

async function requestAnswer(o: Asked): Promise<Answer> {
  const signal = AbortSignal.timeout(o.timeoutMs);
  const found = o.at.startsWith("/") ? null : await addressOf(o.at, o.timeoutMs);
  if (found === null) return await send({ socketPath: o.at, agent: false }, o, signal);
  const target = { host: found.address, port: httpPort };
  try {
    return await send({ ...target, agent: connections }, o, signal);
  } catch (error) {
    // the other side may have closed a kept connection at this very moment, for example because it was restarted
    if (signal.aborted || !(error instanceof KeptConnectionError)) throw error;
    return await send({ ...target, agent: false }, o, signal);
  }
}

/** A connection that had been used before has broken. */
class KeptConnectionError extends Error {
  override name = "KeptConnectionError";
}

type Target = { socketPath: string; agent: false } | { host: string; port: number; agent: Agent | false };

function send(target: Target, o: Asked, signal: AbortSignal): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { path, method } = o;
    const headers = { ...o.headers, ...("host" in target ? { host: `${o.at}:${httpPort}` } : {}) };
    const req = request({ ...target, path, method, signal, headers }, (res) => {
      let body = "";
      res.setEncoding("utf8");
      res.on("data", (chunk: string) => {
        body += chunk;
        if (body.length > 1_000_000) req.destroy(new Error("the answer is over 1 MB"));
      });
      res.on("error", reject);
      res.on("end", () => resolve({ status: res.statusCode ?? 0, body, headers: res.headers }));
    });
    req.on("error", (error) => {
      reject(req.reusedSocket ? new KeptConnectionError(errorText(error), { cause: error }) : error);
    });
    req.end(o.body);
  });
}
