// What the node remembers in its own volume and no other node ever inherits: that a majority of PARTNER_NODES has joined
// once, and which nodes it knew last. Bound to the node's id and the cluster, so a copied file does not count.
import { join } from "node:path";
import { z } from "zod";
import { postgresAccount } from "../../../core/runtime/command.ts";
import { ensureDirectory, readIfThere, writeAtomic } from "../../../core/runtime/files.ts";
import { ForceSchema } from "../../../core/protocol/force.ts";
import { RestoreEndSchema, RestoreOrderSchema } from "../../../core/protocol/restore.ts";
import { neverPaused, PauseSchema } from "../../../core/protocol/pause.ts";
import type { Log } from "../../../core/runtime/log.ts";
import { stateDirectory } from "../data/journal.ts";

const Memory = z.object({
  nodeId: z.number(),
  systemIdentifier: z.string(),
  everHadMajority: z.boolean(),
  /** hosts of repmgr.nodes when last seen */
  hosts: z.array(z.string()),
  /** whether automatic failover is paused; of all nodes the newest order counts. Wall clock, milliseconds */
  paused: PauseSchema.default(neverPaused),
  /** the timelines on which it may have led: its epochs, and those without a lease; null: from before epochs */
  granted: z.array(z.number()).nullable().default(null),
  /** the timeline that it has streamed last from another node */
  followed: z.number().default(0),
  /** an operator made this node primary without a majority: it votes alone until a majority is back */
  forced: z.boolean().default(false),
  /** it is being restored from a backup (state/restoring.ts) */
  restore: RestoreOrderSchema.extend({
    /** the operator has looked */
    finish: z.boolean(),
    /** the old data is put back */
    undo: z.boolean(),
    /** reserved for the promotion of what was restored; null: none yet, or no lease is in force */
    epoch: z.number().nullable().default(null),
    /** when it was ordered; wall clock, milliseconds */
    orderedMs: z.number().nullable().default(null),
  }).nullable().default(null),
  /** how the last restore ended */
  lastRestore: RestoreEndSchema.nullable().default(null),
  /** data from before a restore are kept: since when, the timeline after it, and a base backup from after it that is whole */
  replaced: z.object({ timeline: z.number(), atMs: z.number(), backup: z.string().nullable() }).nullable().default(
    null,
  ),
  /** the forced failover on whose timeline its data is, or is about to be */
  force: ForceSchema,
});
export type Memory = z.infer<typeof Memory>;

const path = (pgdata: string) => join(stateDirectory(pgdata), "memory.json");

/**
 * This node's memory; empty if there is none. A memory that is damaged or belongs to another node is ignored. To be safe, the
 * node then counts as having been part of a majority, and waits for one.
 */
export async function readMemory(pgdata: string, nodeId: number, log: Log): Promise<Memory> {
  const fresh = { paused: neverPaused, granted: null, followed: 0, forced: false, force: null };
  const none: Memory = {
    nodeId,
    systemIdentifier: "",
    everHadMajority: false,
    hosts: [],
    restore: null,
    lastRestore: null,
    replaced: null,
    ...fresh,
  };
  const text = await readIfThere(path(pgdata));
  if (text === null) return none;
  const memory = parse(text);
  if (memory?.nodeId === nodeId) return memory;
  const because = memory === null ? "it is damaged" : `it belongs to node ${memory.nodeId}`;
  log.warn("The node's memory is ignored; this node waits until it sees a majority", { file: path(pgdata), because });
  return { ...none, everHadMajority: true };
}

function parse(text: string): Memory | null {
  try {
    return Memory.parse(JSON.parse(text));
  } catch {
    return null;
  }
}

/** The node's memory while its agent runs. What can be read here has been written. */
export class NodeMemory {
  private changes: Promise<void> = Promise.resolve();

  constructor(private memory: Memory, private readonly write: (memory: Memory) => Promise<void>) {}

  get now(): Readonly<Memory> {
    return this.memory;
  }

  /**
   * Changes it, on disk first; changes wait for each other, so that none is lost. True if the memory is different now.
   * Throws if it cannot be written: then nothing has changed.
   */
  async update(change: (memory: Memory) => Memory): Promise<boolean> {
    const changing = this.changes.then(async () => {
      const next = change(this.memory);
      if (JSON.stringify(next) === JSON.stringify(this.memory)) return false;
      await this.write(next);
      this.memory = next;
      return true;
    });
    this.changes = changing.then(() => {}, () => {});
    return await changing;
  }
}

/** Writes it into the volume. */
export async function writeMemory(pgdata: string, memory: Memory): Promise<void> {
  await ensureDirectory(stateDirectory(pgdata), { mode: 0o700, owner: postgresAccount });
  await writeAtomic(path(pgdata), JSON.stringify(memory) + "\n", { mode: 0o600, owner: postgresAccount });
}
