// Asks another container's agent for its /status, with a deadline of our own (a lookup has none).
import { request } from "node:http";
import { NodeStatus } from "./status.ts";
import { errorText } from "./errors.ts";
import { withDeadline } from "./time.ts";

/** The port every container serves HTTP on (DESIGN.md section 2). */
export const httpPort = 8080;

/** An answer that is not 2xx; `body`: what it said. */
export class HttpError extends Error {
  override name = "HttpError";
  constructor(path: string, readonly status: number, readonly body: string) {
    super(`HTTP ${status} from ${path}: ${body}`);
  }
}

/** A node's agent as seen from here; "unreachable" is a value of its own, never "no". */
export type PeerSeen =
  | { host: string; seen: "reached"; status: NodeStatus }
  | { host: string; seen: "unreachable"; error: string };

/** Fetches one agent's /status. Never throws: what went wrong is in `error`. */
export async function askNode(host: string, timeoutMs: number): Promise<PeerSeen> {
  try {
    const body = await withDeadline(getText(host, "/status", timeoutMs), timeoutMs, `The agent of ${host}`);
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
export function askNodes(hosts: readonly string[], timeoutMs: number): Promise<PeerSeen[]> {
  return Promise.all(hosts.map((host) => askNode(host, timeoutMs)));
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

function requestAnswer(
  o: {
    at: string;
    path: string;
    method: string;
    timeoutMs: number;
    body?: string;
    headers: Record<string, string>;
  },
): Promise<Answer> {
  const target = o.at.startsWith("/") ? { socketPath: o.at } : { host: o.at, port: httpPort };
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(o.timeoutMs);
    const { path, method, headers } = o;
    const req = request({ ...target, path, method, signal, agent: false, headers }, (res) => {
      let body = "";
      res.setEncoding("utf8");
      res.on("data", (chunk: string) => {
        body += chunk;
        if (body.length > 1_000_000) req.destroy(new Error("the answer is over 1 MB"));
      });
      res.on("error", reject);
      res.on("end", () => resolve({ status: res.statusCode ?? 0, body, headers: res.headers }));
    });
    req.on("error", reject);
    req.end(o.body);
  });
}
