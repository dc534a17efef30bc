// PURE: how a server on the network may ask for a password, before it has shown who it is: who answers at a node's address may be
// anybody. SCRAM gives nothing away, and the server proves by it that it knows the password, too (RFC 5802).
import type { HostAuthMethod } from "../../config/shared.ts";

/** As libpq names them in require_auth (manual, 32.1.2); "none": it lets in without asking. */
export type Proof = "scram-sha-256" | "md5" | "password" | "none";

/** What POSTGRES_HOST_AUTH_METHOD relaxes. With reject and cert our own logins have lines with SCRAM (pg-hba.ts). */
export function acceptedProofs(method: HostAuthMethod): readonly Proof[] {
  if (method === "trust") return ["scram-sha-256", "none"];
  return method === "md5" || method === "password" ? ["scram-sha-256", method] : ["scram-sha-256"];
}

/** Longest message of a login, bytes: what is refused in words is short. */
const longestMessage = 64 * 1024;
/**
 * Rounds of SCRAM. The server names the number before it has shown who it is: with fewer than PostgreSQL's own an impostor would
 * get a proof by which it tries passwords quickly. The driver counts through them in the main thread.
 */
const iterations = { least: 4096, most: 100_000 };

/** As PostgreSQL writes it. Of a part that stands there twice the driver would take the last. */
const challenge = /^r=[^,]*,s=[^,]*,i=(\d+)$/;

/** Codes of the message R (manual, 53.7). */
const codes = { ok: 0, cleartext: 3, md5: 5, scram: 10, scramContinue: 11, scramFinal: 12 };

/** Reads what a server sends until it has let in. */
export class LoginGuard {
  private held: Buffer = Buffer.alloc(0);
  private asked: Proof = "none";
  private proven = false;
  private over = false;
  private failed = false;

  /** `letsIn` is called once the server has let in, unless it said an error before. */
  constructor(private readonly accepted: readonly Proof[], private readonly letsIn: () => void = () => {}) {}

  /** Why these bytes must not be answered, in libpq's words; null: they are read. */
  refuse(bytes: Uint8Array): string | null {
    if (this.over) return null;
    this.held = Buffer.concat([this.held, bytes]);
    while (!this.over && this.held.length >= 5) {
      const length = this.held.readUInt32BE(1);
      if (length < 4 || length > longestMessage) return "expected an authentication request from the server";
      if (this.held.length <= length) return null;
      this.failed ||= this.held[0] === 0x45;
      const why = this.held[0] === 0x52 ? this.refuseRequest(this.held.subarray(5, length + 1)) : null;
      if (why !== null) return `authentication method requirement "${this.accepted.join(",")}" failed: ${why}`;
      this.held = this.held.subarray(length + 1);
    }
    if (this.over) this.held = Buffer.alloc(0);
    return null;
  }

  private refuseRequest(body: Buffer): string | null {
    const code = body.length < 4 ? -1 : body.readUInt32BE(0);
    if (code === codes.cleartext) return this.ask("password", "server requested a cleartext password");
    if (code === codes.md5) return this.ask("md5", "server requested a hashed password");
    if (code === codes.scram) return this.ask("scram-sha-256", "server requested SASL authentication");
    if (code === codes.scramContinue) {
      const rounds = Number(challenge.exec(body.toString("latin1", 4))?.[1] ?? NaN);
      if (Number.isNaN(rounds)) return "server sent a challenge that cannot be read";
      if (rounds < iterations.least) return `server requested fewer than ${iterations.least} iterations`;
      return rounds <= iterations.most ? null : `server requested more than ${iterations.most} iterations`;
    }
    if (code === codes.scramFinal) this.proven = true; // the driver compares the signature
    if (code !== codes.ok) return code === codes.scramFinal ? null : "server requested an unknown method";
    this.over = true;
    const whole = this.asked === "scram-sha-256" ? this.proven : this.accepted.includes(this.asked);
    if (whole && !this.failed) this.letsIn();
    return whole ? null : "server did not complete authentication";
  }

  private ask(proof: Proof, why: string): string | null {
    this.asked = proof;
    this.proven = false;
    return this.accepted.includes(proof) ? null : why;
  }
}
