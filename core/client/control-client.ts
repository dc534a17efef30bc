// Asks agents by POST /control/…, signed, and believes only signed answers.
import { randomBytes } from "node:crypto";
import type { z } from "zod";
import { HttpError, postSigned } from "./peers.ts";
import { controlHeaders, sign, Verifier } from "../protocol/signing.ts";
import type { Clock } from "../runtime/time.ts";

export interface ControlQuestion<T> {
  host: string;
  path: string;
  body: object;
  schema: z.ZodType<T>;
  timeoutMs: number;
}

/** Asks agents, signed, and believes only signed answers. Remembers which run of each agent it talks to. */
export class ControlClient {
  private readonly audiences = new Map<string, string>();

  constructor(private readonly keys: readonly string[], private readonly clock: Clock) {}

  /** Throws HttpError where the agent refuses, Error where it does not answer or its answer is not genuine. */
  async ask<T>(question: ControlQuestion<T>): Promise<T> {
    const known = this.audiences.get(question.host);
    let answer = await this.send(question, known ?? "");
    const theirs = String(answer.headers[controlHeaders.audience] ?? "");
    if (answer.status === 401 && theirs !== "" && theirs !== known) {
      this.audiences.set(question.host, theirs);
      answer = await this.send(question, theirs);
    }
    if (answer.status === 401) throw new HttpError(question.path, 401, answer.body.trim());
    if (!answer.genuine) throw new Error(`the answer of ${question.host} is not signed with this cluster's key`);
    if (answer.status !== 200) throw new HttpError(question.path, answer.status, answer.body.trim());
    return question.schema.parse(JSON.parse(answer.body));
  }

  private async send<T>({ host, path, body: content, timeoutMs }: ControlQuestion<T>, audience: string) {
    const body = JSON.stringify(content);
    const m = { method: "POST", path, audience, timeMs: this.clock.wallMs(), nonce: newNonce(), body };
    const sent = {
      [controlHeaders.audience]: m.audience,
      [controlHeaders.time]: String(m.timeMs),
      [controlHeaders.nonce]: m.nonce,
      [controlHeaders.signature]: sign(this.keys[0]!, m),
    };
    const answer = await postSigned(host, path, { body, headers: sent, timeoutMs });
    const signature = String(answer.headers[controlHeaders.signature] ?? "");
    const said = { ...m, method: `ANSWER ${answer.status}`, body: answer.body };
    return { ...answer, genuine: Verifier.answered(this.keys, said, signature) };
  }
}

/** A number used once, for a signed request: 128 random bits as hexadecimal digits. */
export function newNonce(): string {
  return randomBytes(16).toString("hex");
}
