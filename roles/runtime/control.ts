// POST /control/…: what the containers of a cluster and the CLI ask of an agent, signed in both directions.
import { z } from "zod";
import { errorText } from "./errors.ts";
import type { ControlRoutes } from "./http-app.ts";
import type { Log } from "./log.ts";
import { HttpError, postSigned } from "./peers.ts";
import { newNonce, otherAudience, sign, Verifier } from "./signing.ts";
import type { Clock } from "./time.ts";

export interface ControlKeys {
  /** the first signs, any is accepted */
  keys: readonly string[];
  /** of this run of the agent */
  incarnation: string;
}

/** What a control request does: takes the parsed body, answers an object. */
export type ControlHandler = (body: unknown) => Promise<object> | object;

const headers = {
  time: "x-postdock-time",
  nonce: "x-postdock-nonce",
  audience: "x-postdock-audience",
  signature: "x-postdock-signature",
};

/** The routes of /control/…, for httpApp(). Unsigned, stale, replayed or foreign requests get 401 and change nothing. */
export function controlRoutes(
  handlers: Readonly<Record<string, ControlHandler>>,
  o: ControlKeys & { clock: Clock; log: Log },
): ControlRoutes {
  const verifier = new Verifier(o.keys, o.incarnation);
  const complaints = new Map<string, number>();
  return async (path, header, body) => {
    const m = {
      method: "POST",
      path,
      audience: header(headers.audience) ?? "",
      timeMs: Number(header(headers.time) ?? NaN),
      nonce: header(headers.nonce) ?? "",
      body,
    };
    const refused = verifier.refuse(m, header(headers.signature) ?? "", o.clock.wallMs());
    if (refused !== null) {
      if (refused !== otherAudience) complainSometimes(complaints, refused, path, o);
      return { status: 401, body: `${refused}\n`, headers: { [headers.audience]: o.incarnation } };
    }
    const answer = await perform(handlers, path, body, o.log);
    const signature = sign(o.keys[0]!, { ...m, method: `ANSWER ${answer.status}`, body: answer.body });
    return { ...answer, headers: { [headers.signature]: signature } };
  };
}

async function perform(handlers: Readonly<Record<string, ControlHandler>>, path: string, body: string, log: Log) {
  const handler = Object.hasOwn(handlers, path) ? handlers[path] : undefined;
  if (!handler) return { status: 404, body: "no such request\n" };
  try {
    return { status: 200, body: JSON.stringify(await handler(JSON.parse(body))) };
  } catch (error) {
    if (error instanceof z.ZodError || error instanceof SyntaxError) {
      return { status: 400, body: `malformed: ${errorText(error)}\n` };
    }
    if (error instanceof ControlRefusal) return { status: 409, body: error.message };
    log.error("Control request failed", { path, error });
    return { status: 500, body: `${errorText(error)}\n` };
  }
}

/** Thrown by a handler that will not do it: the reason goes to whoever asked. */
export class ControlRefusal extends Error {
  override name = "ControlRefusal";
}

/** A flood of bad requests is one line every ten seconds for each reason. */
function complainSometimes(said: Map<string, number>, why: string, path: string, o: { clock: Clock; log: Log }): void {
  const now = o.clock.nowMs();
  if (now - (said.get(why) ?? -Infinity) < 10_000) return;
  said.set(why, now);
  o.log.warn("Control request refused", { path, why });
}

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
    const theirs = String(answer.headers[headers.audience] ?? "");
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
      [headers.audience]: m.audience,
      [headers.time]: String(m.timeMs),
      [headers.nonce]: m.nonce,
      [headers.signature]: sign(this.keys[0]!, m),
    };
    const answer = await postSigned(host, path, { body, headers: sent, timeoutMs });
    const signature = String(answer.headers[headers.signature] ?? "");
    const said = { ...m, method: `ANSWER ${answer.status}`, body: answer.body };
    return { ...answer, genuine: Verifier.answered(this.keys, said, signature) };
  }
}
