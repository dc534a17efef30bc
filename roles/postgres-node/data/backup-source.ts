// Asks barman's agents for the list and the bytes of a base backup, and asks again after a failure.
import type { ControlClient } from "../../../core/client/control-client.ts";
import { HttpError } from "../../../core/client/peers.ts";
import type { FilePart } from "../../../core/protocol/backup-parts.ts";
import { type AnswerOf, type BackupEntry, type Order, orders } from "../../../core/protocol/orders.ts";
import type { Log } from "../../../core/runtime/log.ts";
import { type Clock, onAbort } from "../../../core/runtime/time.ts";
import { errorText, OperatorError } from "../../../core/words/errors.ts";

/** How long barman may take for a page of the list, milliseconds: for the first it reads the whole directory. */
const listMs = 120_000;
/** How long barman may take for one answer with bytes, milliseconds. */
const pieceMs = 30_000;
/** How often each agent is asked for the same, and the pauses between, which double, milliseconds: 47 s altogether. */
const mostRounds = 8;
const firstPauseMs = 500;
const longestPauseMs = 16_000;

/** The statuses of answers that would be the same again. */
const refusals = [400, 404, 409];

/** The directories of a backup on barman. */
export type BackupPlaces = NonNullable<AnswerOf<typeof orders.backupFiles>["ssh"]>;

export interface BackupList {
  entries: BackupEntry[];
  totalBytes: number;
  digest: string;
  /** where it is for SSH; null: barman has no sshd */
  ssh: BackupPlaces | null;
}

/** Where the files of a backup are for SSH. */
export interface SshSource {
  host: string;
  places: BackupPlaces;
  /** makes the error of why it does not go on */
  failure: (why: string) => Error;
}

export interface SourceDeps {
  client: Pick<ControlClient, "ask">;
  clock: Clock;
  log: Log;
  signal: AbortSignal;
}

/** One base backup, as the agents on `hosts` have it. The one that answered last is asked first. */
export class BackupSource {
  private present = 0;

  constructor(
    private readonly source: { hosts: readonly string[]; id: string },
    private readonly deps: SourceDeps,
  ) {}

  /** The host that answered last. */
  get host(): string {
    return this.source.hosts[this.present]!;
  }

  /** All entries. Throws OperatorError if no agent has the backup or answers. */
  async list(): Promise<BackupList> {
    const { id } = this.source;
    const entries: BackupEntry[] = [];
    let digest: string | null = null;
    while (true) {
      const page = await this.ask(orders.backupFiles, { id, from: entries.length }, listMs);
      digest ??= page.digest;
      if (page.digest !== digest) throw this.failure(`the files of backup ${id} changed while they were listed`);
      entries.push(...page.entries);
      if (entries.length === page.total) {
        return { entries, totalBytes: page.totalBytes, digest, ssh: page.ssh };
      }
      if (page.entries.length === 0) {
        throw this.failure(`the list ended after ${entries.length} of ${page.total} files`);
      }
    }
  }

  /** The bytes from the beginning of this part on. */
  async pieces(digest: string, from: FilePart): Promise<AnswerOf<typeof orders.backupPiece>["pieces"]> {
    const question = { id: this.source.id, digest, index: from.index, offset: from.offset };
    return (await this.ask(orders.backupPiece, question, pieceMs)).pieces;
  }

  /** Where the listed backup is for SSH, at the host that answered last. Throws OperatorError if there is no sshd. */
  bySsh({ ssh }: BackupList): SshSource {
    const { host, source: { id } } = this;
    const failure = (why: string) =>
      new OperatorError({
        what: `Backup ${id} could not be fetched from barman by SSH`,
        why,
        fix: "set SSH_ENABLE=1 on barman and here, with the same keys; or type postdock barman restore abort, then " +
          "begin again without --ssh",
      });
    if (ssh === null) throw failure(`${host} has SSH_ENABLE=0`);
    return { host, places: ssh, failure };
  }

  failure(why: string): OperatorError {
    return new OperatorError({
      what: `Backup ${this.source.id} could not be fetched from barman`,
      why,
      fix: "see the log of the barman container and `postdock barman list` there, then begin the restore again",
    });
  }

  private async ask<Question extends object, Answer extends object>(
    order: Order<Question, Answer>,
    question: Question,
    answerMs: number,
  ): Promise<Answer> {
    const { source: { hosts, id }, deps: { client, clock, log, signal } } = this;
    const refusedBy = new Set<string>();
    let why = "no agent of barman is known";
    for (let attempt = 1; attempt <= mostRounds * hosts.length; attempt++) {
      const at = this.present;
      const host = hosts[at]!;
      try {
        return await unlessAborted(client.ask(order, host, question, answerMs), signal);
      } catch (error) {
        if (signal.aborted) throw this.failure("this node was stopped");
        const refused = error instanceof HttpError && refusals.includes(error.status);
        why = `${host}: ${refused ? error.body : errorText(error)}`;
        log.warn("A part of a base backup could not be fetched", { backup: id, from: host, attempt, why });
        if (refused) refusedBy.add(host);
        if (refusedBy.size === hosts.length) break;
        if (this.present === at) this.present = (at + 1) % hosts.length;
      }
      const round = Math.floor(attempt / hosts.length);
      const roundIsOver = attempt % hosts.length === 0 && round < mostRounds;
      if (roundIsOver) await clock.sleep(Math.min(firstPauseMs * 2 ** (round - 1), longestPauseMs), signal);
      if (signal.aborted) throw this.failure("this node was stopped");
    }
    throw this.failure(why);
  }
}

/** The result of work that is abandoned when the signal aborts. */
function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const forget = onAbort(signal, () => reject(new Error("stopped")));
    work.then(resolve, reject).finally(forget);
  });
}
