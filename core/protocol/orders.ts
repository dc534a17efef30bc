// PURE: every order below /control/, with the schemas of its question and its answer. Containers ask each other, and the CLI
// asks nodes; both ends take path and schemas from here.
import { z } from "zod";
import type { EpochReply, EpochRequest, KnowingReply } from "../lease/decide/epoch.ts";
import type { LeaseRequest } from "../lease/decide/vote.ts";
import { leadershipSchema } from "./leadership.ts";
import { type Pause, PauseSchema } from "./pause.ts";
import { RestoreOrderSchema } from "./restore.ts";
import { SecretSchema, SecretsQuestionSchema } from "./secrets.ts";

/** What is asked of an agent by a signed POST to `path`. */
export interface Order<Question extends object, Answer extends object> {
  path: `/control/${string}`;
  question: z.ZodType<Question>;
  answer: z.ZodType<Answer>;
  /** it changes nothing, so it may be received again, and a hundred thousand questions leave room for the other orders */
  onlyReads?: true;
  /** its answer holds bytes: Uint8Array in the schema */
  hasBytes?: true;
}

export type QuestionOf<O> = O extends Order<infer Question, object> ? Question : never;
export type AnswerOf<O> = O extends Order<object, infer Answer> ? Answer : never;

function order<Question extends object, Answer extends object>(
  name: string,
  schemas: Omit<Order<Question, Answer>, "path">,
): Order<Question, Answer> {
  return { path: `/control/${name}`, ...schemas };
}

const host = z.string().max(300);
const nothing = z.object({});
const reason = z.object({ because: z.string() });
const term = z.object({ number: z.number().int().nonnegative(), nodeId: z.number().int() });
const claimant = z.object({ nodeId: z.number().int(), host, incarnation: z.string().max(100) });

const pause: z.ZodType<Pause> = PauseSchema.extend({ count: z.number().int().positive() });

const leaseRequest: z.ZodType<LeaseRequest> = z.object({
  kind: z.enum(["acquire", "renew", "release"]),
  from: claimant,
  term,
  ttlMs: z.number().int().positive(),
  electorate: z.array(host).max(100),
  round: z.number().int(),
});

const leaseReply: z.ZodType<KnowingReply> = z.object({
  voter: z.string(),
  incarnation: z.string(),
  round: z.number().int(),
  granted: z.boolean(),
  because: z.string(),
  electorate: z.array(z.string()),
  highest: term.nullable(),
  freeInMs: z.number(),
  leaderships: z.array(leadershipSchema).default([]),
  epoch: z.number().int().nonnegative().nullable().default(null),
});

const epochRequest: z.ZodType<EpochRequest> = leadershipSchema.omit({ host: true }).extend({
  from: claimant,
  again: z.boolean().optional(),
});

const epochReply: z.ZodType<EpochReply> = z.object({
  voter: z.string(),
  incarnation: z.string(),
  granted: z.boolean(),
  because: z.string(),
  electorate: z.array(z.string()),
  highest: z.number().int().nonnegative(),
});

/** Size of one piece of a file, or of several pieces in one answer, bytes. */
export const pieceBytes = 4 * 1024 * 1024;

const content = z.custom<Uint8Array>((value) => value instanceof Uint8Array, "not bytes");

/** The name of a WAL segment or of a timeline history; nothing that could be another path. */
export const walFileName = /^[0-9A-F]{24}$|^[0-9A-F]{8}\.history$/;

const piece = z.object({
  totalBytes: z.number().int().nonnegative().meta({ description: "size of the whole file" }),
  content,
});

/** barman's name of a base backup: when it began. */
const backupId = z.string().regex(/^\d{8}T\d{6}$/);

/** A path that stays below the directory it belongs to. */
const pathBelow = z.string().max(4096).refine((path) =>
  !path.includes("\0") && path.split("/").every((part) => part !== "" && part !== "." && part !== "..")
);

const backupEntry = z.object({
  path: pathBelow.meta({ description: "below the data directory of the backup" }),
  kind: z.enum(["file", "directory"]),
  bytes: z.number().int().nonnegative(),
  modifiedMs: z.number().int(),
  mode: z.number().int().min(0).max(0o777),
});

export type BackupEntry = z.infer<typeof backupEntry>;

/** Of a list of entries, so that nothing is asked for by its place in another list. */
const digest = z.string().regex(/^[0-9a-f]{64}$/);
const placeInList = { index: z.number().int().nonnegative(), offset: z.number().int().nonnegative() };

export const orders = {
  /** another container asks what this one is now, as GET /status says it; read-status.ts reads a node's answer */
  status: order("status", {
    question: z.object({ fresh: z.boolean().optional(), since: z.number().int().optional() }),
    answer: z.record(z.string(), z.unknown()),
    onlyReads: true,
  }),
  /** a claimant asks a voter for the lease, or releases it */
  vote: order("lease", { question: leaseRequest, answer: leaseReply }),
  /** the holder of the lease asks a voter for the epoch of its leadership */
  epoch: order("epoch", { question: epochRequest, answer: epochReply }),
  /**
   * A primary that has stopped lets its successor promote itself, once the successor has WAL beyond `afterLsn`. After a later
   * leadership than `epoch`, that is no proof that the successor has every commit.
   */
  takeOver: order("take-over", {
    question: z.object({
      from: host,
      afterLsn: z.string().max(20),
      epoch: z.number().int().nonnegative().default(0),
      because: z.string().max(500),
    }),
    answer: z.object({ ok: z.boolean(), because: z.string() }),
  }),
  /** an operator wants another primary: `to`, or the best standby if it is null */
  switchover: order("switchover", {
    question: z.object({ to: host.nullable() }),
    answer: z.object({ to: z.string() }),
  }),
  /** an operator makes this node primary without a majority */
  force: order("force", { question: nothing, answer: reason }),
  /** an operator wants this node cloned again; `id`: of the order, which /status reports on */
  reinit: order("reinit", { question: nothing, answer: reason.extend({ id: z.number().int() }) }),
  /** an operator turns automatic failover off, or on again */
  pause: order("pause", { question: pause, answer: pause }),
  /** an operator changes a password or the control key: what this container knows of it, or the next step */
  secrets: order("secrets", { question: SecretsQuestionSchema, answer: z.object({ secrets: z.array(SecretSchema) }) }),
  /** an operator wants this node restored from a backup */
  restore: order("restore", { question: RestoreOrderSchema, answer: reason }),
  /** whether a node would take that order, and why not; changes nothing */
  mayRestore: order("restore-check", { question: RestoreOrderSchema, answer: reason, onlyReads: true }),
  /** where barman is now, for the restore that is under way */
  restoreFrom: order("restore-from", {
    question: RestoreOrderSchema.pick({ id: true, hosts: true }),
    answer: reason,
  }),
  /** the end of that restore: this node leads with what was restored, or its old data is put back */
  endRestore: order("restore-end", {
    question: z.object({ id: z.string().max(60), undo: z.boolean() }),
    answer: reason,
  }),
  /** barman has a whole base backup that began on that timeline or a later one: old data from before need not stay */
  backedUp: order("backed-up", {
    question: z.object({ timeline: z.number().int().positive(), backup: backupId }),
    answer: reason,
  }),
  /** an operator wants the data removed that earlier restores have replaced */
  cleanRestore: order("restore-clean", { question: nothing, answer: reason }),
  /** a node that rewinds asks barman's agent for a WAL file, one piece at a time */
  wal: order("wal", {
    question: z.object({
      name: z.string().regex(walFileName),
      offset: z.number().int().nonnegative(),
      unfinished: z.boolean().optional().meta({ description: "also a file that is still being received" }),
    }),
    answer: piece,
    onlyReads: true,
    hasBytes: true,
  }),
  /** a node asks barman's agent what is in a base backup, one page at a time: directories before what is in them */
  backupFiles: order("backup-files", {
    question: z.object({ id: backupId, from: z.number().int().nonnegative() }),
    answer: z.object({
      entries: z.array(backupEntry),
      total: z.number().int().nonnegative().meta({ description: "entries on all pages" }),
      totalBytes: z.number().int().nonnegative(),
      digest,
      // the directory with the data, and that with a directory for each tablespace; null: no sshd is there
      ssh: z.object({ files: z.string(), tablespaces: z.string() }).nullable().default(null),
    }),
    onlyReads: true,
  }),
  /** a node asks for bytes of a base backup, from a place in the list on: as many consecutive files as one answer holds */
  backupPiece: order("backup-piece", {
    question: z.object({ id: backupId, digest, ...placeInList }),
    answer: z.object({ pieces: z.array(z.object({ ...placeInList, content })) }),
    onlyReads: true,
    hasBytes: true,
  }),
};
