// Asks agents by POST /control/…, signed, and believes only signed answers.
import { randomBytes } from "node:crypto";
import { ZodError } from "zod";
import { type AskHow, HttpError, mostAnswerBytes, type Peers } from "./peers.ts";
import { decodeAnswer } from "../protocol/answer-body.ts";
import { type Order, orders, pieceBytes } from "../protocol/orders.ts";
import { readStatus } from "../protocol/read-status.ts";
import {
  controlHeaders,
  misdirectedStatus,
  refusal,
  refusals,
  sign,
  targetKey,
  Verifier,
} from "../protocol/signing.ts";
import type { PeerSeen } from "../protocol/status.ts";
import { type Clock, withDeadline } from "../runtime/time.ts";
import { errorText } from "../words/errors.ts";

/** One signed message on its way to an agent. */
interface Sending {
  /** it is signed with this */
  key: string;
  host: string;
  path: string;
  body: string;
  hasBytes: boolean;
  timeoutMs: number;
}

/** An answer without a signature by this cluster's key. */
export class ForgedAnswer extends Error {
  override name = "ForgedAnswer";
}

/** Asks agents, signed, and believes only signed answers. Remembers which run of each agent it talks to. */
export class ControlClient {
  private readonly audiences = new Map<string, string>();
  /** by host: the key that its agent knew */
  private readonly accepted = new Map<string, string>();

  constructor(
    /** the first signs; an agent that does not know it is asked with the others; changed in place */
    private readonly keys: readonly string[],
    private readonly peers: Peers,
    private readonly clock: Pick<Clock, "wallMs">,
    /** everybody knows the key: what it signs is worth no more than what nobody has signed, and nodes are asked by GET */
    private readonly keyIsPublic = false,
  ) {}

  /**
   * Asks a node what it is now. Never throws. An answer that the cluster's key has not signed is not believed. But a signed 404
   * shows an agent of an earlier release, which signs no status: what GET says there counts. No other agent signs that 404, so it
   * cannot be had once all are of this release.
   */
  async askNode(host: string, how: AskHow): Promise<PeerSeen> {
    try {
      return await withDeadline(this.look(host, how), how.timeoutMs, `The agent of ${host}`);
    } catch (error) {
      return whyUnseen(host, error);
    }
  }

  /** Whether an agent of this cluster, of whatever kind, answers there. Never throws. */
  async answers(host: string, timeoutMs: number): Promise<boolean> {
    const asked = this.ask(orders.status, host, {}, timeoutMs);
    const genuine = (error: unknown) => error instanceof HttpError && !elsewhere.includes(error.status);
    return await withDeadline(asked, timeoutMs, host).then(() => true, genuine);
  }

  private async look(host: string, how: AskHow): Promise<PeerSeen> {
    if (this.keyIsPublic) return await this.peers.askNode(host, how);
    const { timeoutMs, fresh, since } = how;
    const asked = { ...(fresh ? { fresh } : {}), ...(since === undefined ? {} : { since }) };
    try {
      return nodeSaid(host, await this.ask(orders.status, host, asked, timeoutMs));
    } catch (error) {
      if (error instanceof HttpError && error.status === 404) return await this.peers.askNode(host, how);
      throw error;
    }
  }

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
    const known = this.accepted.get(host);
    const keys = [...new Set(known !== undefined && this.keys.includes(known) ? [known, ...this.keys] : this.keys)];
    const run = this.audiences.get(host);
    for (const key of keys) {
      try {
        const answer = await this.askSigned(order, host, question, { timeoutMs, key });
        // another run of the agent, perhaps of a later release, may know the first key: that is tried again
        if (key === known && run !== this.audiences.get(host)) this.accepted.delete(host);
        else this.accepted.set(host, key);
        return answer;
      } catch (error) {
        const unknown = error instanceof HttpError && error.status === 401 && error.body === refusals.signature;
        if (!unknown || key === keys.at(-1)) throw error;
      }
    }
    throw new Error(`no key to ask ${host} with`);
  }

  private async askSigned<Question extends object, Answer extends object>(
    order: Order<Question, Answer>,
    host: string,
    question: Question,
    { timeoutMs, key }: { timeoutMs: number; key: string },
  ): Promise<Answer> {
    const sending = {
      key,
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
    if (answer.status === 401 && theirs !== "" && theirs !== known && answer.body.trim() !== refusals.signature) {
      ({ answer, genuine } = await this.send(sending, theirs));
      if (genuine) this.audiences.set(host, theirs);
    }
    if (answer.status === 401) throw new HttpError(order.path, 401, answer.body.trim());
    if (!genuine) throw new ForgedAnswer(`the answer of ${host} is not signed with this cluster's key`);
    if (answer.status !== 200) throw new HttpError(order.path, answer.status, answer.body.trim());
    return order.answer.parse(sending.hasBytes ? decodeAnswer(answer.bytes) : JSON.parse(answer.body));
  }

  private async send({ key, host, path, body, hasBytes, timeoutMs }: Sending, audience: string) {
    const m = { method: "POST", path, audience, timeMs: this.clock.wallMs(), nonce: newNonce(), body };
    const sent = {
      [controlHeaders.audience]: m.audience,
      [controlHeaders.time]: String(m.timeMs),
      [controlHeaders.nonce]: m.nonce,
      [controlHeaders.signature]: sign(key, m),
    };
    const answer = await this.peers.postSigned(host, path, {
      body,
      headers: sent,
      timeoutMs,
      mostBytes: hasBytes ? pieceBytes + mostAnswerBytes : mostAnswerBytes,
      secret: hasBytes,
    });
    const signature = String(answer.headers[controlHeaders.signature] ?? "");
    const theirs = String(answer.headers[controlHeaders.audience] ?? "");
    const said = answer.status === 401
      ? refusal(m, theirs, answer.bytes)
      : { ...m, method: `ANSWER ${answer.status}`, body: answer.bytes };
    return { answer, genuine: Verifier.answered(this.keys, said, signature) };
  }
}

/** Statuses of answers that are not the asked agent's own word. */
const elsewhere: readonly number[] = [401, misdirectedStatus];

const isStranger = (error: unknown) =>
  error instanceof ForgedAnswer || (error instanceof HttpError && error.status === 401);

/** What a signed status shows. An agent of another role at that name is not the node that was meant. */
function nodeSaid(host: string, said: Readonly<Record<string, unknown>>): PeerSeen {
  const { component } = said;
  if (component === "pgpool" || component === "barman") {
    return { host, seen: "unreachable", error: `the name leads to the ${component} container` };
  }
  const read = readStatus(said);
  return read.ok ? { host, seen: "reached", status: read.status } : { host, seen: "not-understood", error: read.why };
}

/** Why nothing is known of a node. What an agent has signed, in whatever form, shows that it is there. */
function whyUnseen(host: string, error: unknown): PeerSeen {
  const why = errorText(error);
  if (isStranger(error)) return { host, seen: "unreachable", error: why, stranger: true };
  const signed = error instanceof SyntaxError || error instanceof ZodError ||
    (error instanceof HttpError && !elsewhere.includes(error.status));
  return { host, seen: signed ? "not-understood" : "unreachable", error: why };
}

/** A number used once, for a signed request: 128 random bits as hexadecimal digits. */
export function newNonce(): string {
  return randomBytes(16).toString("hex");
}
