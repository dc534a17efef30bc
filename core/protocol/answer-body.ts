// PURE: the body of an answer that holds bytes: JSON on one line, and then all bytes as they are. In JSON they would be a third
// larger, and would cost both sides several times the CPU.

/** Where bytes stand in the part after the line. */
const key = "$bytes";

type Attached = { [key]: [offset: number, length: number] };

/** The body of an answer. What is a Uint8Array in it is attached. */
export function encodeAnswer(answer: object): Uint8Array<ArrayBuffer> {
  const attached: Uint8Array[] = [];
  let bytes = 0;
  const strip = (value: unknown): unknown => {
    if (value instanceof Uint8Array) {
      attached.push(value);
      bytes += value.length;
      return { [key]: [bytes - value.length, value.length] } satisfies Attached;
    }
    if (Array.isArray(value)) return value.map(strip);
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([name, v]) => [name, strip(v)]));
  };
  const line = new TextEncoder().encode(`${JSON.stringify(strip(answer))}\n`);
  const body = new Uint8Array(line.length + bytes);
  body.set(line);
  let at = line.length;
  for (const one of attached) {
    body.set(one, at);
    at += one.length;
  }
  return body;
}

/** What encodeAnswer() was given; the bytes are views of the body. Throws if it is not such a body, or is cut short. */
export function decodeAnswer(body: Uint8Array): unknown {
  const end = body.indexOf(0x0a);
  if (end < 0) throw new Error("an answer with bytes has no end of its first line");
  const rest = body.subarray(end + 1);
  return JSON.parse(new TextDecoder().decode(body.subarray(0, end)), (_, value: unknown) => {
    if (typeof value !== "object" || value === null || !(key in value)) return value;
    const [offset, length] = (value as Attached)[key];
    const bytes = rest.subarray(offset, offset + length);
    if (!(offset >= 0) || bytes.length !== length) throw new Error(`an answer lacks bytes: ${rest.length} came`);
    return bytes;
  });
}
