// PURE: an event as ON_EVENT sends it, and the signature by which a receiver knows the sender.
import { createHmac } from "node:crypto";
import type { EventKind } from "../../config/events.ts";

/** One event that is sent. `fields` are without secrets. */
export interface EventMessage {
  /** the same at each attempt, so that a receiver can drop what it has */
  id: string;
  kind: EventKind;
  /** CLUSTER_NODE_NETWORK_NAME, or the host name of the container */
  container: string;
  time: string;
  level: string;
  event: string;
  fields: Readonly<Record<string, unknown>>;
}

/** What is sent: the line of the log, and three fields more. */
export function eventBody({ fields, ...head }: EventMessage): string {
  return JSON.stringify({ ...head, ...fields, ...head });
}

/** The header `x-postdock-signature`: HMAC-SHA256 over the seconds since 1970, a full stop, and the body. */
export function eventSignature(secret: string, atSeconds: number, body: string): string {
  return `t=${atSeconds},v1=${createHmac("sha256", secret).update(`${atSeconds}.${body}`).digest("hex")}`;
}
