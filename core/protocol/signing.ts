// Signed messages between the containers of a cluster: HMAC-SHA256 over method, path, audience, body, time and a nonce.
// Whoever has no key can neither ask for nor fake anything; what was sent once cannot be sent again.
import { createHmac, timingSafeEqual } from "node:crypto";

/** Clocks of two containers may differ by this much; older messages are refused, milliseconds. */
export const staleMs = 15 * 60_000;
/** Nonces kept; a flood of signed requests beyond this is refused until the oldest are stale. */
const mostNonces = 200_000;

/** Refusal of a message for another run of the agent: the sender asks again with the right one. */
export const otherAudience = "the message is for an agent that is gone";

/** What an agent signs and verifies with. */
export interface ControlKeys {
  /** the first signs, any is accepted */
  keys: readonly string[];
  /** of this run of the agent */
  incarnation: string;
}

/** The headers that carry a signature and what it covers beside the body. */
export const controlHeaders = {
  time: "x-postdock-time",
  nonce: "x-postdock-nonce",
  audience: "x-postdock-audience",
  signature: "x-postdock-signature",
} as const;

export interface Message {
  method: string;
  path: string;
  /** the incarnation of the agent it is for: a replay after a restart is for somebody who is gone */
  audience: string;
  timeMs: number;
  nonce: string;
  body: string;
}

/** The keys of a cluster: the first signs, any of them is accepted. Given ones, or one derived from the password. */
export function clusterKeys(given: readonly string[], replicationPassword: string): string[] {
  if (given.length > 0) return [...given];
  return [createHmac("sha256", replicationPassword).update("postdock control key 1").digest("hex")];
}

export function sign(key: string, m: Message): string {
  const hmac = createHmac("sha256", key);
  for (const part of [m.method, m.path, m.audience, String(m.timeMs), m.nonce]) hmac.update(`${part.length}:${part}\n`);
  return hmac.update(m.body).digest("hex");
}

function matches(keys: readonly string[], m: Message, signature: string): boolean {
  const given = Buffer.from(signature, "hex");
  return keys.some((key) => {
    const expected = Buffer.from(sign(key, m), "hex");
    return given.length === expected.length && timingSafeEqual(given, expected);
  });
}

/** Accepts each signed message once. Times are the wall clock's. */
export class Verifier {
  private readonly seen = new Map<string, number>();

  constructor(private readonly keys: readonly string[], private readonly incarnation: string) {}

  /** null where the message is genuine, fresh and for this agent; else why not. */
  refuse(m: Message, signature: string, wallMs: number): string | null {
    if (!matches(this.keys, m, signature)) return "the signature is wrong: another CLUSTER_KEY or REPLICATION_PASSWORD";
    if (!(Math.abs(wallMs - m.timeMs) <= staleMs)) return "the message is stale: the clocks differ by over 15 minutes";
    if (m.audience !== this.incarnation) return otherAudience;
    if (this.seen.has(m.nonce)) return "the message has been here before";
    this.forget(wallMs);
    if (this.seen.size >= mostNonces) return "too many messages";
    this.seen.set(m.nonce, wallMs);
    return null;
  }

  /** Whether an answer to our message is genuine: it is signed over our nonce. */
  static answered(keys: readonly string[], m: Message, signature: string): boolean {
    return matches(keys, m, signature);
  }

  private forget(wallMs: number): void {
    for (const [nonce, at] of this.seen) {
      if (wallMs - at <= 2 * staleMs) return;
      this.seen.delete(nonce);
    }
  }
}
