// PURE: the order to restore a node from a backup of barman, and how far the node is.
import { z } from "zod";

const lsn = z.string().regex(/^[0-9A-F]{1,8}\/[0-9A-F]{1,8}$/);

/**
 * Where recovery stops: at the end of WAL, as soon as the backup is consistent, or at the record that begins there or next:
 * after it if it is included, otherwise before it.
 */
export const StopSchema = z.discriminatedUnion("at", [
  z.object({ at: z.literal("end") }),
  z.object({ at: z.literal("backup") }),
  z.object({ at: z.literal("record"), lsn, included: z.boolean() }),
]);
export type RecoveryStop = z.infer<typeof StopSchema>;

/** A tablespace of a backup. */
export const TablespaceSchema = z.object({
  oid: z.string().regex(/^\d{1,10}$/),
  name: z.string().max(63),
  /** its directory on every node */
  location: z.string().max(1024).regex(/^\/./),
  bytes: z.number(),
});
export type Tablespace = z.infer<typeof TablespaceSchema>;

/** What a node is told to do. The same id twice is the same restore; then `hosts` are where barman is now. */
export const RestoreOrderSchema = z.object({
  id: z.string().regex(/^[0-9A-Za-z-]{1,60}$/),
  /** where barman's agent answers; the first that does is asked */
  hosts: z.array(z.string().max(300)).min(1).max(20),
  /** barman's id of the backup */
  backup: z.string().regex(/^\d{8}T\d{6}$/),
  /** of the cluster whose backup it is */
  systemIdentifier: z.string().max(40),
  /** recovery_target_timeline */
  timeline: z.number().int().positive(),
  /** the highest timeline of which barman's archive knows: no new one may take a number up to it */
  newestTimeline: z.number().int().nonnegative(),
  stop: StopSchema,
  /** the size of the backup, tablespaces included; null: not known */
  bytes: z.number().nullable(),
  tablespaces: z.array(TablespaceSchema).max(1000).default([]),
  /** the last WAL file that recovery can read */
  lastWal: z.string().regex(/^[0-9A-F]{24}$/),
  /** wait at the target, read-only, until the operator has looked */
  hold: z.boolean(),
  /** the bytes of the backup come by SSH instead of through barman's agent */
  ssh: z.boolean().default(false),
  /** the moment, in words */
  target: z.string().max(300),
});
export type RestoreOrder = z.infer<typeof RestoreOrderSchema>;

/** How the last restore of a node ended. */
export const RestoreEndSchema = z.object({
  id: z.string(),
  undone: z.boolean().meta({ description: "the old data were put back" }),
  atMs: z.number().default(0).meta({ description: "when it ended; wall clock, milliseconds" }),
  tookMs: z.number().nullable().default(null).meta({ description: "from the order to the end; null: not known" }),
});
export type RestoreEnd = z.infer<typeof RestoreEndSchema>;

/** The data from before a restore, which are still there. */
export const KeptDataSchema = z.object({
  timeline: z.number().int().meta({ description: "the timeline on which the node led with what was restored" }),
  bytes: z.number(),
  sinceMs: z.number().meta({ description: "when the restore ended; wall clock, milliseconds" }),
  backup: z.string().nullable().meta({
    description: "a base backup from after the restore that is whole; null: none is known, and the data stay",
  }),
  untilMs: z.number().nullable().meta({
    description: "when they are removed at the latest; wall clock, milliseconds; null: once there is such a backup",
  }),
});
export type KeptData = z.infer<typeof KeptDataSchema>;

/** How far a restore is. */
export const RestoreProgressSchema = z.object({
  id: z.string(),
  backup: z.string(),
  target: z.string(),
  step: z.enum(["waiting", "copying", "recovering", "holding", "promoting", "undoing"]).meta({
    description: "holding: read-only at the target, until the operator has looked",
  }),
  doneBytes: z.number().meta({ description: "copied of the backup" }),
  totalBytes: z.number().nullable(),
  replayLsn: z.string().nullable(),
  trouble: z.string().nullable().meta({ description: "why it does not go on at the moment" }),
});
export type RestoreProgress = z.infer<typeof RestoreProgressSchema>;
