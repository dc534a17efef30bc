// PURE: the first part of a request on a connection, up to the empty line (RFC 9112), as far as agents need it.

/** Longest head of a request, and longest body, bytes. */
export const longestHead = 16 * 1024;
export const longestBody = 64 * 1024;

/** What a request says of itself. */
export interface RequestHead {
  method: string;
  /** path and query */
  target: string;
  headers: [string, string][];
  bodyBytes: number;
  /** whether the sender would like to ask again on this connection */
  keepAlive: boolean;
  /** bytes of the head, with the empty line */
  bytes: number;
}

/** A request that is not taken: the status and the reason of the answer. */
export interface NotTaken {
  status: 400 | 411 | 413 | 431;
  why: string;
}

const notTaken = (status: NotTaken["status"], why: string): NotTaken => ({ status, why });
const malformed = (what: string) => notTaken(400, `malformed: ${what}`);

/** Reads a head from the bytes that have come so far. Null: it is not complete yet. */
export function readHead(bytes: Buffer): RequestHead | NotTaken | null {
  const end = bytes.subarray(0, longestHead).indexOf("\r\n\r\n");
  if (end < 0) return bytes.length < longestHead ? null : notTaken(431, "the headers are over 16 kB");
  const [first = "", ...lines] = bytes.toString("latin1", 0, end).split("\r\n");
  const request = /^([A-Z]{1,16}) (\/[!-~]*) HTTP\/1\.([01])$/.exec(first);
  if (request === null) return malformed("the first line is not that of an HTTP/1 request");
  const headers: [string, string][] = [];
  for (const line of lines) {
    const header = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\t -~\x80-\xff]*?)[ \t]*$/.exec(line);
    if (header === null) return malformed("a header");
    headers.push([header[1]!.toLowerCase(), header[2]!]);
  }
  const all = (name: string) => headers.filter(([given]) => given === name).map(([, value]) => value);
  if (all("transfer-encoding").length > 0) return notTaken(411, "the body needs a Content-Length");
  const [length = "0", ...more] = all("content-length");
  if (more.length > 0 || !/^\d{1,15}$/.test(length)) return malformed("Content-Length");
  if (Number(length) > longestBody) return notTaken(413, "the body is over 64 kB");
  return {
    method: request[1]!,
    target: request[2]!,
    headers,
    bodyBytes: Number(length),
    keepAlive: request[3] === "1" && !/\bclose\b/i.test(all("connection").join()),
    bytes: end + 4,
  };
}
