// One connection of HTTP/1: one request at a time, bounded in size and time. What comes beyond that is not looked at.
import type { Socket } from "node:net";
import { controlHeaders } from "../protocol/signing.ts";
import { after } from "../runtime/time.ts";
import type { Guest } from "./decide/crowd.ts";
import { headOf, requestOf } from "./message.ts";
import { encrypted, isTls, type Shown } from "./encrypted.ts";
import { type NotTaken, readHead, type RequestHead } from "./decide/request-head.ts";

/** How long the other side may take, milliseconds. */
export interface Patience {
  /** for its request to be complete, counted from its connection or its last answer */
  readMs: number;
  /** to take an answer */
  writeMs: number;
}

export const withStrangers: Patience = { readMs: 5_000, writeMs: 10_000 };
/** With a connection that has shown the cluster's key: its next request may be late, and an answer large. */
const withProven: Patience = { readMs: 30_000, writeMs: 60_000 };
/** So long a connection that has its answer may stay open, milliseconds. */
const closeMs = 1_000;
/** Most pieces in which a request may come. */
const mostPieces = 256;
/** So much of what nobody wants is thrown away, for the other side to get its answer; bytes. */
const mostUnwanted = 256 * 1024;

const nothing = Buffer.alloc(0);

/** What a connection needs from its listener. */
export interface Listener {
  /** resolves when it is the turn of a request of that connection */
  turn(of: Guest): Promise<void>;
  answer(request: Request): Response | Promise<Response>;
  /** this address has shown the cluster's key */
  learn(address: string): void;
  /** what is shown to a connection by TLS; null: there is no TLS */
  shown(): Shown | null;
}

export class Connection implements Guest {
  proven = false;
  /** resolves once it is closed, by whomever */
  readonly closed: Promise<void>;
  private bytes: Buffer = nothing;
  private head: RequestHead | NotTaken | null = null;
  private pieces = 0;
  private unwanted = 0;
  private answering = false;
  private streaming = false;
  private cancelDeadline = () => {};
  private written = () => {};

  /** `address`: where it comes from; empty: this container */
  constructor(
    private socket: Socket,
    readonly address: string,
    private readonly listener: Listener,
    private patience: Patience,
  ) {
    this.closed = new Promise((resolve) => socket.once("close", () => resolve()));
    void this.closed.then(() => {
      this.cancelDeadline();
      this.written();
    });
    socket.setNoDelay(true);
    this.hear(socket, (first) => {
      if (!isTls(first)) return this.take(first);
      socket.pause();
      this.encrypt(socket, first).catch(() => this.end()); // files that TLS cannot use
    });
    this.within(patience.readMs);
  }

  private hear(socket: Socket, first: (piece: Buffer) => void): void {
    let next = first;
    socket.on("error", () => {}); // it closes then
    socket.on("end", () => {
      if (!this.answering || this.streaming) this.end();
    });
    socket.on("data", (piece: Buffer) => {
      const take = next;
      next = (more) => this.take(more);
      take(piece);
    });
  }

  /** A handshake waits for its turn as a request does: with a long key it costs the thread milliseconds. */
  private async encrypt(plain: Socket, first: Buffer): Promise<void> {
    await this.listener.turn(this);
    const shown = this.listener.shown();
    if (shown === null || plain.destroyed) return this.end();
    this.socket = encrypted(plain, first, shown);
    this.hear(this.socket, (piece) => this.take(piece));
  }

  end(): void {
    this.socket.destroy();
  }

  private within(ms: number): void {
    this.cancelDeadline();
    this.cancelDeadline = after(ms, () => this.end());
  }

  private take(piece: Buffer): void {
    if (this.answering) {
      this.unwanted += piece.length;
      if (this.unwanted > mostUnwanted) this.end();
      return;
    }
    this.bytes = this.bytes.length === 0 ? piece : Buffer.concat([this.bytes, piece]);
    const head = this.head ??= readHead(this.bytes);
    const whole = head === null || "status" in head ? 0 : head.bytes + head.bodyBytes;
    if (head === null || this.bytes.length < whole) {
      if (++this.pieces >= mostPieces) this.end();
      return;
    }
    const { bytes } = this;
    this.bytes = nothing;
    this.head = null;
    this.pieces = 0;
    this.answering = true;
    this.cancelDeadline();
    this.socket.pause();
    const answered = "status" in head
      ? this.refuse(head)
      : this.answer(head, bytes.subarray(head.bytes, whole), bytes.length > whole);
    answered.catch(() => this.end());
  }

  private async answer(head: RequestHead, body: Buffer, more: boolean): Promise<void> {
    await this.listener.turn(this);
    if (this.socket.destroyed) return;
    const request = requestOf(head, body);
    if (request === null) return await this.refuse({ status: 400, why: "malformed: the request" });
    const response = await this.listener.answer(request);
    const { headers, ok } = response;
    if (ok && headers.has(controlHeaders.signature) && !headers.has(controlHeaders.repeated)) {
      this.proven = true;
      this.patience = withProven;
      this.listener.learn(this.address);
    }
    const stays = head.keepAlive && !more && response.headers.get("connection") !== "close";
    const streams = response.headers.get("content-type")?.startsWith("text/event-stream");
    if (streams && response.body) return await this.stream(response, response.body);
    const bytes = Buffer.from(await response.arrayBuffer());
    const length = head.method === "HEAD" ? {} : { "content-length": String(bytes.length) };
    await this.write(
      Buffer.concat([headOf(response, { ...length, connection: stays ? "keep-alive" : "close" }), bytes]),
    );
    if (!stays || this.unwanted > 0) return this.close();
    this.answering = false;
    this.within(this.patience.readMs);
    this.socket.resume();
  }

  private async refuse({ status, why }: NotTaken): Promise<void> {
    const text = Buffer.from(`${why}\n`);
    const headers = { "content-type": "text/plain; charset=utf-8", "content-length": String(text.length) };
    await this.write(Buffer.concat([headOf({ status, headers: [] }, { ...headers, connection: "close" }), text]));
    this.close();
  }

  /** Its end is that of the connection. */
  private async stream(response: Response, body: ReadableStream<Uint8Array>): Promise<void> {
    const reader = body.getReader();
    void this.closed.then(() => reader.cancel()).catch(() => {}); // nobody waits for the rest
    this.streaming = true;
    this.socket.resume(); // that it goes away is to be seen
    await this.write(headOf(response, { connection: "close" }));
    for (let read = await reader.read(); !read.done; read = await reader.read()) {
      await this.write(Buffer.from(read.value));
      this.cancelDeadline();
    }
    this.close();
  }

  /** Resolves once the other side has taken all but what its kernel and ours hold, or the connection is closed. */
  private async write(bytes: Buffer): Promise<void> {
    this.within(this.patience.writeMs);
    if (this.socket.destroyed) return;
    await new Promise<void>((resolve) => {
      this.written = resolve;
      this.socket.write(bytes, () => resolve());
    });
  }

  private close(): void {
    this.socket.end();
    this.within(closeMs);
    this.socket.resume(); // or the answer would be lost with what was not read
  }
}
