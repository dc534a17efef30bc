// Asks agents by POST /control/…, signed, and believes only signed answers.
import { randomBytes } from "node:crypto";
import { HttpError, mostAnswerBytes, type Peers } from "./peers.ts";
import { decodeAnswer } from "../protocol/answer-body.ts";
import { type Order, pieceBytes } from "../protocol/orders.ts";
import { controlHeaders, refusal, sign, targetKey, Verifier } from "../protocol/signing.ts";
import type { Clock } from "../runtime/time.ts";

/** One signed message on its way to an agent. */
interface Sending {
  host: string;
  path: string;
  body: string;
  hasBytes: boolean;
  timeoutMs: number;
}

/** Asks agents, signed, and believes only signed answers. Remembers which run of each agent it talks to. */
export class ControlClient {
  private readonly audiences = new Map<string, string>();

  constructor(
    private readonly keys: readonly string[],
    private readonly peers: Peers,
    private readonly clock: Pick<Clock, "wallMs">,
  ) {}

  /**
   * Gives an agent an order and returns its answer. Throws HttpError if the agent refuses. Throws Error if it does not answer
   * within `timeoutMs`, or if its answer is not genuine.
   */
  async ask<Question extends object, Answer extends object>(
    order: Order<Question, Answer>,
    host: string,
    question: Question,
    timeoutMs: number,
  ): Promise<Answer> {
    const sending = {
      host,
      path: order.path,
      body: JSON.stringify({ ...question, [targetKey]: host }),
      hasBytes: order.hasBytes === true,
      timeoutMs,
    };
    const known = this.audiences.get(host);
    let { answer, genuine } = await this.send(sending, known ?? "");
    const theirs = String(answer.headers[controlHeaders.audience] ?? "");
    // Agents of an earlier release do not sign this refusal, so an unsigned one counts as well for now. A false audience is of no
    // use to its sender: the question goes to nobody but the host that it names.
    if (answer.status === 401 && theirs !== "" && theirs !== known) {
      ({ answer, genuine } = await this.send(sending, theirs));
      if (genuine) this.audiences.set(host, theirs);
    }
    if (answer.status === 401) throw new HttpError(order.path, 401, answer.body.trim());
    if (!genuine) throw new Error(`the answer of ${host} is not signed with this cluster's key`);
    if (answer.status !== 200) throw new HttpError(order.path, answer.status, answer.body.trim());
    return order.answer.parse(sending.hasBytes ? decodeAnswer(answer.bytes) : JSON.parse(answer.body));
  }

  private async send({ host, path, body, hasBytes, timeoutMs }: Sending, audience: string) {
    const m = { method: "POST", path, audience, timeMs: this.clock.wallMs(), nonce: newNonce(), body };
    const sent = {
      [controlHeaders.audience]: m.audience,
      [controlHeaders.time]: String(m.timeMs),
      [controlHeaders.nonce]: m.nonce,
      [controlHeaders.signature]: sign(this.keys[0]!, m),
    };
    const answer = await this.peers.postSigned(host, path, {
      body,
      headers: sent,
      timeoutMs,
      mostBytes: hasBytes ? pieceBytes + mostAnswerBytes : mostAnswerBytes,
    });
    const signature = String(answer.headers[controlHeaders.signature] ?? "");
    const theirs = String(answer.headers[controlHeaders.audience] ?? "");
    const said = answer.status === 401
      ? refusal(m, theirs, answer.bytes)
      : { ...m, method: `ANSWER ${answer.status}`, body: answer.bytes };
    return { answer, genuine: Verifier.answered(this.keys, said, signature) };
  }
}

/** A number used once, for a signed request: 128 random bits as hexadecimal digits. */
export function newNonce(): string {
  return randomBytes(16).toString("hex");
}
