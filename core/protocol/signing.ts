// Signed messages between the containers of a cluster: HMAC-SHA256 over method, path, audience, body, time and a nonce.
// An order or an answer without a valid key is refused, and so is a message that was sent before, unless it only reads.
import { createHmac, timingSafeEqual } from "node:crypto";
import { slowHash, slowHashBeside } from "./slow-hash.ts";

/** The clocks of two containers may differ by this much, milliseconds. Older messages are refused. */
export const staleMs = 15 * 60_000;
/** How many nonces are kept. More signed requests are refused until the oldest nonces are stale. */
const mostNonces = 200_000;
/** The same of messages that may be repeated: a cluster of nine nodes sends so many within a quarter of an hour. */
const mostAnswered = 50_000;

/** Why a message for an earlier run of the agent is refused. The sender asks again with the present audience. */
export const otherAudience = "the message is for an earlier run of this agent";

/**
 * In the body of each question: the host that it is for. An agent that knows this as the name of another container refuses the
 * question, so that nobody can hand it on. In the body, because agents that do not know it leave out what they do not know.
 */
export const targetKey = "$for";

/** The status of that refusal. */
export const misdirectedStatus = 421;

/** Why other messages are refused, by cause. */
export const refusals = {
  signature: "the signature is wrong: the sender has another CLUSTER_KEY or REPLICATION_PASSWORD",
  stale: "the message is stale: the clocks differ by over 15 minutes",
  replay: "the message was received before",
  flood: "too many signed messages at this time",
} as const;
export type RefusalCause = keyof typeof refusals;

/** The keys and the incarnation that an agent signs and verifies with. */
export interface ControlKeys {
  /** the first signs, any is accepted */
  keys: readonly string[];
  /** of this run of the agent */
  incarnation: string;
}

/** The headers that carry a signature, and what it covers in addition to the body. */
export const controlHeaders = {
  time: "x-postdock-time",
  nonce: "x-postdock-nonce",
  audience: "x-postdock-audience",
  signature: "x-postdock-signature",
  /** of an answer to a message that was answered before: its sender has not shown that it has the key */
  repeated: "x-postdock-repeated",
} as const;

export interface Message {
  method: string;
  path: string;
  /** the incarnation of the agent it is for, so that a replay after a restart is refused */
  audience: string;
  timeMs: number;
  nonce: string;
  body: string | Uint8Array;
}

/**
 * The keys of a cluster: the given ones, or one derived slowly from the password, as an agent does once, at its start. The first
 * signs, and any of them is accepted. Agents that refuse the first are asked in the others: those of builds before know only what
 * is quick to derive, and so to guess. That goes in the release after 2.0.
 */
export function clusterKeys(given: readonly string[], replicationPassword: string): string[] {
  if (given.length > 0) return [...given];
  return derived(replicationPassword, slowHash(replicationPassword, controlKey));
}

/** The derived ones, in a thread of its own, for an agent that answers for its lease meanwhile. */
export async function keysBeside(replicationPassword: string): Promise<string[]> {
  return derived(replicationPassword, await slowHashBeside(replicationPassword, controlKey));
}

const controlKey = { salt: "postdock control key 2", bytes: 32 };
const derived = (password: string, slow: Buffer): string[] => [
  slow.toString("hex"),
  createHmac("sha256", password).update("postdock control key 1").digest("hex"),
];

/** The keys of a cluster as one agent knows them. Both lists are changed in place, so that all who sign and verify follow. */
export interface KeyRing {
  /** the first signs, any is accepted */
  readonly keys: string[];
  /** those that have signed before and are accepted still: who trusts only them trusts certificates by them; the oldest last */
  readonly formerSigners: string[];
}

/** The keys that an agent starts with. */
export const keyRing = (config: { clusterKeys: readonly string[]; replicationPassword: string }): KeyRing => ({
  keys: clusterKeys(config.clusterKeys, config.replicationPassword),
  formerSigners: [],
});

export function sign(key: string, m: Message): string {
  const hmac = createHmac("sha256", key);
  for (const part of [m.method, m.path, m.audience, String(m.timeMs), m.nonce]) hmac.update(`${part.length}:${part}\n`);
  return hmac.update(m.body).digest("hex");
}

/** The key that signed a message, to answer in it: its sender may know no other. The first one if none did. */
export function keyOf(keys: readonly string[], m: Message, signature: string): string {
  return keys.find((key) => matches([key], m, signature)) ?? keys[0]!;
}

function matches(keys: readonly string[], m: Message, signature: string): boolean {
  const given = Buffer.from(signature, "hex");
  return keys.some((key) => {
    const expected = Buffer.from(sign(key, m), "hex");
    return given.length === expected.length && timingSafeEqual(given, expected);
  });
}

/**
 * What an agent signs of a refusal: the nonce of the message and the agent's present audience, which the sender is to use. Only
 * the sender of a genuine message gets it signed.
 */
export function refusal(m: Message, audience: string, body: Message["body"]): Message {
  return { ...m, method: "ANSWER 401", audience, body };
}

/** When a message is received: the wall clock, which the sender has compared too, and the monotonic clock; milliseconds. */
export interface Received {
  wallMs: number;
  nowMs: number;
}

/** Accepts each signed message once, unless it may be repeated. */
export class Verifier {
  /** by nonce: when it came, by the monotonic clock, so that no step of the wall clock makes room for a replay */
  private readonly seen = new Map<string, number>();
  /** nonces of messages that may be repeated, the oldest first */
  private readonly answered = new Set<string>();

  constructor(private readonly keys: readonly string[], private readonly incarnation: string) {}

  /**
   * Null if the message is genuine, fresh and for this agent; otherwise why it is refused. One that may be repeated is answered
   * again; see isRepeated().
   */
  refuse(m: Message, signature: string, { wallMs, nowMs }: Received, repeatable = false): string | null {
    if (!matches(this.keys, m, signature)) return refusals.signature;
    if (!(Math.abs(wallMs - m.timeMs) <= staleMs)) return refusals.stale;
    if (m.audience !== this.incarnation) return otherAudience;
    if (repeatable) return null;
    if (this.seen.has(m.nonce)) return refusals.replay;
    // only then: the wall clock may have been set back, so that an old message is fresh again
    if (this.seen.size >= mostNonces) this.forget(nowMs);
    if (this.seen.size >= mostNonces) return refusals.flood;
    this.seen.set(m.nonce, nowMs);
    return null;
  }

  /**
   * Whether a message that may be repeated has been answered before, as far as is known: then somebody may have copied it, and it
   * does not show that its sender has the key. Keeps its nonce.
   */
  isRepeated({ nonce }: Message): boolean {
    if (this.answered.has(nonce)) return true;
    this.answered.add(nonce);
    if (this.answered.size > mostAnswered) this.answered.delete(this.answered.values().next().value!);
    return false;
  }

  /** Whether an answer to our message is genuine: its signature covers our nonce. */
  static answered(keys: readonly string[], m: Message, signature: string): boolean {
    return matches(keys, m, signature);
  }

  private forget(nowMs: number): void {
    for (const [nonce, at] of this.seen) {
      if (nowMs - at <= 2 * staleMs) return;
      this.seen.delete(nonce);
    }
  }
}
