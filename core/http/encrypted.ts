// A connection to the agent that turns out to be TLS.
import type { Socket } from "node:net";
import { createSecureContext, type SecureContext, TLSSocket } from "node:tls";

/** What the agent shows, PEM. */
export interface Shown {
  certificate: string;
  key: string;
}

/** The first byte of TLS: a record of the handshake (RFC 8446, 5.1). No request of HTTP begins with it. */
const handshake = 0x16;

export const isTls = (first: Uint8Array): boolean => first[0] === handshake;

let made: { of: Shown; context: SecureContext } | null = null;

/** Goes on by TLS on this connection, whose first bytes were read. */
export function encrypted(plain: Socket, first: Buffer, shown: Shown): Socket {
  if (made?.of.certificate !== shown.certificate) {
    made = { of: shown, context: createSecureContext({ cert: shown.certificate, key: shown.key }) };
  }
  plain.removeAllListeners("data");
  plain.removeAllListeners("end");
  plain.pause();
  plain.unshift(first);
  return new TLSSocket(plain, { isServer: true, secureContext: made.context });
}
