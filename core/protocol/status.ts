// What a container says of itself, by GET /status to people and signed to the other containers, which read it by read-status.ts.
// A versioned schema, which is also its documentation. A value that could not be seen is null, never a guess.
import { z } from "zod";
import { PauseSchema } from "./pause.ts";
import { CloudSchema } from "./cloud.ts";
import { VerifiedSchema } from "./verified.ts";
import { ReinitSchema } from "./reinit.ts";
import { KeptDataSchema, RestoreEndSchema, RestoreProgressSchema } from "./restore.ts";
import { forceFields } from "./force.ts";
import { ServerFactsSchema } from "./server-facts.ts";
import { TroubleSchema } from "./trouble.ts";

const lsn = z.string().regex(/^[0-9A-F]{1,8}\/[0-9A-F]{1,8}$/);

const NodeIdentity = z.object({
  id: z.number().int().meta({ description: "NODE_ID" }),
  name: z.string().meta({ description: "NODE_NAME" }),
  host: z.string().meta({ description: "how other nodes reach it (CLUSTER_NODE_NETWORK_NAME)" }),
});

const Registered = z.object({
  nodeId: z.number().int(),
  nodeName: z.string(),
  host: z.string(),
  port: z.number().int(),
  type: z.string().meta({ description: "primary, standby or witness" }),
  upstreamNodeId: z.number().int().nullable(),
  active: z.boolean(),
  priority: z.number().int(),
  holdsPassword: z.boolean().optional().meta({ description: "its conninfo has one, as in 1.x" }),
});
export type RegisteredNode = z.infer<typeof Registered>;

const Upstream = z.object({
  host: z.string(),
  port: z.number().int(),
  streaming: z.boolean().meta({ description: "the WAL receiver is connected and streaming" }),
});

const Downstream = z.object({
  applicationName: z.string(),
  address: z.string().nullable().meta({ description: "pg_stat_replication.client_addr" }),
  state: z.string().meta({ description: "pg_stat_replication.state" }),
  syncState: z.string(),
  sentLsn: lsn.nullable(),
  replayLsn: lsn.nullable(),
});

const Postgres = z.object({
  // here and below, "unknown" also stands for a word of another release
  data: z.enum(["empty", "half-cloned", "cluster", "foreign", "unknown"]).meta({ description: "what PGDATA holds" }),
  running: z.boolean().nullable().meta({ description: "a server answers on the local socket; null: not known" }),
  role: z.enum(["primary", "standby", "none", "unknown"]).meta({
    description: "none: no server runs here; unknown: it runs but did not answer",
  }),
  wasPrimary: z.boolean().nullable().meta({ description: "the data directory has no standby.signal" }),
  systemIdentifier: z.string().nullable(),
  timeline: z.number().int().nullable(),
  lsn: lsn.nullable().meta({ description: "end of the WAL this node has, written or received" }),
  replayLsn: lsn.nullable().meta({ description: "standby: replayed so far" }),
  lagBytes: z.number().nullable().meta({
    description:
      "standby: how far replay is behind the primary's WAL, as the primary or any other node reports it, bytes; null: not known",
  }),
  lagSeconds: z.number().nullable().meta({
    description: "standby: age of the last replayed commit, seconds; 0 when caught up; null: not known",
  }),
  replayPaused: z.boolean().default(false).meta({ description: "standby: the replay of WAL is paused" }),
  upstream: Upstream.nullable(),
  downstream: z.array(Downstream),
  registered: z.array(Registered).nullable().meta({ description: "repmgr.nodes; null: not known" }),
});

const Lease = z.object({
  mode: z.enum(["on", "off", "bootstrap", "unknown"]).meta({
    description: "on: only the holder is read-write; bootstrap: no majority has joined yet; off: no lease, see because",
  }),
  because: z.string(),
  held: z.boolean().meta({ description: "this node holds the lease" }),
  remainingMs: z.number().meta({ description: "time until the lease ends at this node, milliseconds" }),
  term: z.number().int().meta({ description: "newest term this node knows of" }),
  grantedTo: z.string().nullable().meta({ description: "host that this node, as a voter, has granted the lease to" }),
  voters: z.array(z.string()).meta({ description: "PARTNER_NODES and QUORUM_OBSERVERS" }),
  refusals: z.array(z.string()).meta({ description: "voters that did not grant the lease when last asked, and why" }),
});

const Common = {
  schema: z.literal(1),
  postdock: z.string().meta({ description: "version of PostDock" }),
  phase: z.enum([
    "starting",
    "waiting",
    "cloning",
    "rewinding",
    "recovering",
    "promoting",
    "running",
    "stopping",
    "failed",
    "unknown",
  ]),
  doing: z.string().meta({ description: "what it is doing now, in words" }),
  because: z.string().meta({ description: "why" }),
  uptimeSeconds: z.number(),
  observedAgoMs: z.number().meta({ description: "age of what is reported here, milliseconds" }),
  variables: z.record(z.string(), z.string()).default({}).meta({
    description: "its variables that have to be the same in all containers",
  }),
  publishedPasswords: z.array(z.string()).optional().meta({
    description: "its variables with a password that is a default or stands in PostDock's examples",
  }),
  secrets: z.array(TroubleSchema).optional().meta({ description: "files of secrets that are not taken" }),
  tlsFaults: z.array(TroubleSchema).optional().meta({ description: "of pgpool and barman: faults of TLS files" }),
  oldSettings: z.array(z.string()).optional().meta({
    description: "settings of its CONFIGS under an old name, or without effect, and what to do about them",
  }),
  strangers: z.array(z.string()).optional().meta({
    description: "variables that nothing reads any more, or that look like a misspelt one, each with what became of it",
  }),
};

export const NodeStatus = z.object({
  ...Common,
  component: z.literal("postgres-node"),
  cluster: z.string(),
  node: NodeIdentity,
  priority: z.number().int(),
  postgres: Postgres,
  certain: z.boolean().default(false).meta({
    description: "with ?fresh=1: postgres.lsn was read for this answer, and the node has no WAL beyond it",
  }),
  failingMs: z.number().default(0).meta({
    description:
      "for how long its server has not answered, or has failed with the steps before its start, milliseconds",
  }),
  trouble: TroubleSchema.nullable().default(null).meta({
    description: "why its server does not start or does not stream; null: it does, or has not said why",
  }),
  unhealthy: z.string().nullable().default(null).meta({
    description: "why the node counts as unhealthy; it votes all the same, and /healthz fails if a restart may help",
  }),
  roles: z.array(TroubleSchema).default([]).meta({
    description: "what is wrong with its database roles, and passwords of its variables that are not the primary's",
  }),
  tls: z.object({
    on: z.boolean(),
    faults: z.array(TroubleSchema).meta({ description: "what is wrong with its files, or soon will be" }),
    certificateEndsMs: z.number().nullish().meta({
      description: "when the certificate in its file ends, milliseconds since 1970; null: not known",
    }),
  }).nullable().default(null).meta({ description: "TLS of its server; null: not seen yet" }),
  settings: z.array(TroubleSchema).default([]).meta({
    description:
      "what is wrong with the settings of its server or its container, waits for a restart, or is tried in vain",
  }),
  server: ServerFactsSchema.nullable().optional().meta({ description: "its running server; null: not seen yet" }),
  reinit: ReinitSchema.nullable().default(null).meta({
    description: "the last order to clone this node again since its agent started; null: none",
  }),
  partners: z.array(z.string()).meta({ description: "PARTNER_NODES" }),
  everHadMajority: z.boolean().meta({ description: "a majority of PARTNER_NODES has joined at least once" }),
  fenced: z.string().nullable().meta({
    description: "why PostgreSQL was ended here, to prevent a second primary; null: it was not ended",
  }),
  lease: Lease,
  revision: z.number().int().meta({
    description: "grows when role, phase or lease change; GET /status?since=REVISION answers then, or after 1 s",
  }),
  paused: PauseSchema.meta({
    description: "whether automatic failover is paused; of all nodes, the order with the highest count counts",
  }),
  disk: z.object({ freeBytes: z.number(), totalBytes: z.number() }).nullable().meta({
    description: "the volume of the data directory; null: not seen yet",
  }),
  forced: z.boolean().meta({
    description: "an operator made it primary without a majority; it votes alone until a majority is back",
  }),
  ...forceFields,
  consistency: z.object({ mode: z.string(), degraded: z.string().nullable() }).meta({
    description: "CONSISTENCY, and which part of its promise cannot be kept now",
  }),
  becomingPrimary: z.boolean().meta({
    description: "a start as primary or a promotion is under way, with the lease if one is needed",
  }),
  restore: RestoreProgressSchema.nullable().default(null).meta({
    description: "its restore from a backup; null: none",
  }),
  lastRestore: RestoreEndSchema.nullable().default(null).meta({
    description: "the last restore of this node that has ended; null: there was none",
  }),
  kept: KeptDataSchema.nullable().default(null).meta({
    description: "the data from before its last restore; null: none are there, or it was not looked yet",
  }),
  repmgrd: z.object({
    running: z.boolean(),
    because: z.string().nullable().default(null).meta({ description: "why its start is held back" }),
  }),
});
export type NodeStatus = z.infer<typeof NodeStatus>;

const Backend = z.object({
  id: z.number().int(),
  host: z.string(),
  port: z.number().int(),
  status: z.string().meta({ description: "pgpool's word: up, down, waiting, unused" }),
  role: z.string().meta({ description: "pgpool's word: primary or standby" }),
  truth: z.enum(["primary", "standby", "false-primary", "foreign", "not-in-service", "unreachable"]).meta({
    description:
      "what the node is; false-primary: it says it is primary, but a newer primary exists; foreign: of another cluster",
  }),
});

export const PgpoolStatus = z.object({
  ...Common,
  component: z.literal("pgpool"),
  primary: z.string().nullable().meta({ description: "host of the primary that writes go to" }),
  backends: z.array(Backend),
  sessions: z.object({ busy: z.number().int(), total: z.number().int() }).nullable().default(null).meta({
    description: "pgpool's sessions with a client, of num_init_children; null: pgpool does not run",
  }),
  mayOpen: z.number().int().optional().meta({
    description: "connections that it may open to each backend, at the least if all its sessions are in use",
  }),
  noLogin: z.string().nullable().default(null).meta({ description: "why no login gets through; null: logins do" }),
});
export type PgpoolStatus = z.infer<typeof PgpoolStatus>;

export const BarmanStatus = z.object({
  ...Common,
  component: z.literal("barman"),
  server: z.string().meta({ description: "UPSTREAM_NAME" }),
  primary: z.string().nullable().meta({ description: "host that WAL is streamed from" }),
  receiving: z.boolean().meta({ description: "the WAL receiver streams from there" }),
  certain: z.boolean().optional().meta({
    description: "with ?fresh=1: the nodes were asked for this answer, and WAL streams from their primary",
  }),
  checkOk: z.boolean().nullable().meta({ description: "barman check; null: not run yet or could not run" }),
  checkFailures: z.array(z.string()),
  backups: z.number().int().nullable(),
  lastBackup: z.string().nullable().meta({ description: "id of the newest finished backup" }),
  catalog: z.array(z.object({ id: z.string(), endMs: z.number().nullable(), bytes: z.number().nullable() })).nullable()
    .default(null).meta({
      description: "the finished backups, oldest first; null: not read yet. Wall clock, milliseconds",
    }),
  nextBackupMs: z.number().nullable().default(null).meta({
    description: "when the next base backup is due; wall clock, milliseconds; null: none is planned",
  }),
  backupOverdueMs: z.number().nullish().meta({
    description:
      "for how long a base backup that the schedule has asked for has been missing, milliseconds; null: there is none yet",
  }),
  backupFailed: z.object({ atMs: z.number(), because: z.string() }).nullish().meta({
    description: "the last base backup, if it failed; wall clock, milliseconds",
  }),
  backupRunsMs: z.number().int().nullable().default(null).meta({
    description: "for how long a base backup has been under way; null: none is",
  }),
  backupProgress: z.object({
    streamedBytes: z.number(),
    totalBytes: z.number().nullable(),
    bytesPerSecond: z.number().nullable(),
    leftSeconds: z.number().nullable(),
  }).nullable().default(null).meta({ description: "how far that backup is; null: none is, or it cannot be seen" }),
  backupSource: z.object({
    host: z.string(),
    role: z.enum(["primary", "standby"]),
    because: z.string(),
    kind: z.enum(["full", "incremental"]),
    kindBecause: z.string(),
    fix: z.string().nullable().meta({ description: "what makes incremental backups possible again; null: nothing" }),
  }).nullable().default(null).meta({
    description:
      "the node that the backup under way, or the last one, was copied from, and why; null: none since the start",
  }),
  verified: VerifiedSchema.nullable().default(null).meta({
    description: "the last backup that was restored and checked",
  }),
  cloud: CloudSchema.nullable().default(null),
  kept: z.array(z.object({
    backup: z.string(),
    node: z.string().meta({ description: "the node that is restored, and has to answer before the backup may go" }),
    silentMs: z.number().int().meta({ description: "for how long it has not answered; 0: it answers" }),
  })).default([]).meta({ description: "backups that are kept for restores of nodes" }),
  gaps: z.number().int().optional().meta({ description: "timelines of which WAL is missing after the oldest backup" }),
  backupWanted: z.string().nullable().default(null).meta({
    description: "why a base backup is taken as soon as it can be; null: the next one is taken by schedule",
  }),
});
export type BarmanStatus = z.infer<typeof BarmanStatus>;
export const AnyStatus = z.discriminatedUnion("component", [NodeStatus, PgpoolStatus, BarmanStatus]);
export type AnyStatus = z.infer<typeof AnyStatus>;
export type Phase = NodeStatus["phase"];

/** A node's agent as seen from here. "unreachable" is a separate value and never means "no". */
export type PeerSeen =
  | { host: string; seen: "reached"; status: NodeStatus }
  /** it answers with the key of this cluster, and what it says cannot be read */
  | { host: string; seen: "not-understood"; error: string }
  /** `stranger`: something without that key answers there */
  | { host: string; seen: "unreachable"; error: string; stranger?: true };
