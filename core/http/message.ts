// Requests and answers of HTTP/1 as the app knows them.
import type { RequestHead } from "./decide/request-head.ts";
import { systemClock } from "../runtime/time.ts";

/** The head of an answer: its own headers, and these. */
export function headOf(
  { status, headers }: { status: number; headers: Iterable<[string, string]> },
  own: object,
): Buffer {
  const others = [...headers].filter(([name]) => name !== "connection" && name !== "content-length");
  const date = new Date(systemClock.wallMs()).toUTCString(); // doctor compares clocks by it
  const lines = [["date", date], ...others, ...Object.entries(own)].map(([name, value]) => `${name}: ${value}\r\n`)
    .join("");
  return Buffer.from(`HTTP/1.1 ${status} ${status < 400 ? "OK" : "Not OK"}\r\n${lines}\r\n`, "latin1");
}

/** The request; null: it cannot be one. */
export function requestOf({ method, target, headers }: RequestHead, body: Buffer): Request | null {
  try {
    const bodyless = method === "GET" || method === "HEAD";
    return new Request(`http://agent${target}`, {
      method,
      headers,
      ...(bodyless ? {} : { body: new Uint8Array(body) }),
    });
  } catch {
    return null;
  }
}
