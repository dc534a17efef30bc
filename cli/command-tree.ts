// Every command as data: its words, what it does, how it can end. The only file that knows all roles.
import { cluster } from "./cluster/tree.ts";
import { type Group, lazy } from "./command-types.ts";
import { withPage } from "./map/entry.ts";

const entrypointExits = "0 stopped as asked, 69 a needed node did not answer in time, 70 a bug, " +
  "77 refused for safety, 78 the configuration is wrong";
const probeExits = "0 yes, 1 no or not known";
const done = "0 done, 1 not done";

const node: Group = {
  name: "postgres-node",
  does: "a PostgreSQL node",
  commands: [
    {
      usage: "entrypoint",
      does: "the container's main process",
      exits: entrypointExits,
      run: withPage(async () => (await import("../roles/postgres-node/role.ts")).nodeEntrypoint),
    },
    {
      usage: "may-promote",
      does: "says whether this standby may become primary now; repmgrd asks before it promotes",
      exits: probeExits,
      run: lazy(async () => (await import("../roles/postgres-node/http/local-commands.ts")).mayPromoteCommand),
    },
    {
      usage: "may-end-recovery",
      does: "says whether this server may become read-write; PostgreSQL asks at the end of recovery",
      exits: "0 yes, 126 no, which makes PostgreSQL end",
      run: lazy(async () => (await import("../roles/postgres-node/http/local-commands.ts")).mayEndRecoveryCommand),
    },
    {
      usage: "fetch-wal [name] [path]",
      does: "copies a WAL file from barman into pg_wal; pg_rewind and recovery from a backup call it",
      exits: "0 the file is in pg_wal, 1 it could not be fetched",
      run: lazy(async () => (await import("../roles/postgres-node/data/fetch-wal.ts")).fetchWalCommand),
    },
    {
      usage: "fence [directory]",
      does: "ends PostgreSQL when the lease ends; only the agent starts it",
      exits: "0 its standard input ended",
      run: lazy(async () => (await import("../roles/postgres-node/lease/fence.ts")).fenceCommand),
    },
    {
      usage: "event [nodeId] [event] [success] [time] [details]",
      does: "receives an event notification from repmgr",
      exits: "0 always, so that repmgr continues",
      run: lazy(async () => (await import("../roles/postgres-node/http/local-commands.ts")).eventCommand),
      anyArguments: true,
    },
    {
      usage: "wait-local",
      does: "returns once this node's PostgreSQL answers",
      exits: "0 it answers, 1 it did not within REPMGR_WAIT_POSTGRES_START_TIMEOUT",
      run: lazy(async () => (await import("../roles/postgres-node/old-names.ts")).waitLocalPostgres),
    },
    {
      usage: "wait-upstream",
      does: "returns once the upstream answers and has repmgr's tables",
      exits: "0 it answers, 1 it did not within REPMGR_WAIT_POSTGRES_START_TIMEOUT",
      run: lazy(async () => (await import("../roles/postgres-node/old-names.ts")).waitUpstreamPostgres),
    },
    {
      usage: "node-id",
      does: "prints the node's id",
      exits: "0",
      run: lazy(async () => (await import("../roles/postgres-node/old-names.ts")).getNodeId),
    },
    {
      usage: "repmgr-schema",
      does: "prints the schema of repmgr's tables",
      exits: "0",
      run: lazy(async () => (await import("../roles/postgres-node/old-names.ts")).getRepmgrSchema),
    },
    {
      usage: "primary-host",
      does: "prints the primary's host",
      exits: "0 printed, 1 no primary is in sight",
      run: lazy(async () => (await import("../roles/postgres-node/old-names.ts")).clusterMaster),
    },
    {
      usage: "has-cluster",
      does: "tests whether PGDATA holds a complete cluster",
      exits: "0 yes, 1 no",
      run: lazy(async () => (await import("../roles/postgres-node/old-names.ts")).hasPgCluster),
    },
    {
      usage: "sshd",
      does: "starts sshd if SSH_ENABLE=1 and none is running",
      exits: done,
      run: lazy(async () => (await import("../roles/postgres-node/old-names.ts")).sshdStart),
    },
  ],
};

const health: Group = {
  name: "healthcheck",
  does: "probes of this container; each prints one line that says why",
  commands: [
    {
      usage: "live",
      does: "the container works and needs no restart",
      exits: probeExits,
      run: lazy(async () => (await import("./healthcheck.ts")).liveProbe),
    },
    {
      usage: "ready",
      does: "the container can serve its role now",
      exits: probeExits,
      run: lazy(async () => (await import("./healthcheck.ts")).readyProbe),
    },
    {
      usage: "is-major-master",
      does: "this node is not a primary, or is the primary that the others follow",
      exits: probeExits,
      run: lazy(async () => (await import("./healthcheck.ts")).isMajorMasterProbe),
    },
    {
      usage: "has-write-node",
      does: "pgpool sends writes to the primary",
      exits: probeExits,
      run: lazy(async () => (await import("./healthcheck.ts")).writeNodeProbe),
    },
    {
      usage: "has-enough-backends [N]",
      does: "at least N backends are attached; the default of N is REQUIRE_MIN_BACKENDS",
      exits: `${probeExits}, 64 N is not a number`,
      run: lazy(async () => (await import("./healthcheck.ts")).enoughBackendsProbe),
    },
  ],
};

const barman: Group = {
  name: "barman",
  does: "backups and the WAL archive",
  commands: [
    {
      usage: "entrypoint",
      does: "the container's main process",
      exits: `${entrypointExits}, 1 to 4 a required variable is missing`,
      run: withPage(async () => (await import("../roles/barman/role.ts")).barmanEntrypoint),
    },
    {
      usage: "backup",
      does: "takes a base backup now and waits until it can be restored",
      exits: done,
      run: lazy(async () => (await import("../roles/barman/backup.ts")).backupCommand),
      options: [
        {
          flag: "--incremental",
          does: "only what has changed since the newest backup; a full one where that cannot be",
        },
      ],
    },
    {
      usage: "list",
      does: "lists the backups, oldest first, and which moments can be restored",
      exits: done,
      run: lazy(async () => (await import("../roles/barman/list.ts")).listCommand),
      options: [{ flag: "--json", does: "as JSON, for programs" }],
    },
    {
      usage: "keep <BACKUP>",
      does: "keeps a backup, by its id or latest, whatever the retention policy says",
      exits: `${done}, 64 no such backup, 77 its copy is not complete`,
      run: lazy(async () => (await import("../roles/barman/keep.ts")).keepCommand),
      options: [
        { flag: "--full", does: "also keeps all WAL from then on" },
        { flag: "--release", does: "keeps it no longer" },
        { flag: "--json", does: "as JSON, for programs" },
      ],
    },
    {
      usage: "fetch [BACKUP]",
      does:
        "brings a backup and the WAL after it back from the object store into BACKUP_DIR; the default is the newest",
      exits: `${done}, 77 refused, with the reason`,
      run: lazy(async () => (await import("../roles/barman/fetch.ts")).fetchCommand),
      options: [{ flag: "--json", does: "as JSON, for programs" }],
    },
    {
      usage: "restore [STEP]",
      does:
        "restores a moment: the whole cluster, or with --into a copy beside it. STEP is for a restore of the cluster " +
        "that was begun: resume watches it, finish ends --pause, abort puts the old data back, clean removes them",
      exits:
        `${done}, 64 wrong usage, 69 a needed node does not answer, 75 left by Ctrl-C while it goes on, 77 refused, or it was not confirmed`,
      run: lazy(async () => (await import("./restore/command.ts")).restoreCommand),
      options: [
        {
          flag: "--to <moment>",
          does: "the moment: latest (the default), immediate, a time with its zone, an LSN, xid:NUMBER or name:POINT",
        },
        {
          flag: "--backup <id>",
          does:
            "the backup to begin with; the default is the newest that can be used, and of which no verification failed",
        },
        { flag: "--timeline <number>", does: "the timeline; the default is the one that the cluster is on" },
        { flag: "--to-node <node>", does: "the node that is restored and leads; the default is the primary" },
        { flag: "--replace", does: "also if that node holds another cluster, which is replaced" },
        { flag: "--pause", does: "waits read-only at that moment, until finish or abort is typed" },
        { flag: "--ssh", does: "copies the backup by SSH; barman and the node need SSH_ENABLE=1" },
        { flag: "--into <directory>", does: "restores a copy into this directory of the barman container" },
        { flag: "--start", does: "also starts the copy, which is reached through a socket in that directory" },
        { flag: "--dry-run", does: "shows the plan and changes nothing" },
        { flag: "--yes", does: "does not ask whether to go on" },
        { flag: "--json", does: "as JSON, for programs" },
      ],
    },
    {
      usage: "verify [BACKUP]",
      does:
        "restores a backup and its WAL into a scratch directory, starts it, checks it, and removes it; the default is " +
        "the newest",
      exits: "0 nothing is wrong with it, 1 it cannot be restored as it should, 77 refused, with the reason",
      run: lazy(async () => (await import("../roles/barman/verify.ts")).verifyCommand),
      options: [{ flag: "--json", does: "as JSON, for programs" }],
    },
    {
      usage: "copy-wal [directory] [server] [name] [path]",
      does: "copies a WAL file from the archive; a restored copy calls it during its recovery",
      exits: "0 copied, 1 the archive does not have it, 126 it could not be read or written",
      run: lazy(async () => (await import("../roles/barman/copy-wal.ts")).copyWalCommand),
    },
    {
      usage: "receive-wal",
      does: "runs the WAL receiver in the foreground, unless the container's service runs it already",
      exits: done,
      run: lazy(async () => (await import("../roles/barman/receive-wal.ts")).receiveWalCommand),
    },
  ],
};

/** The whole tree; the parser, the help and docs/commands.md are made from it. */
export const commandGroups: readonly Group[] = [
  node,
  {
    name: "pgpool",
    does: "the pooler and load balancer",
    commands: [
      {
        usage: "entrypoint",
        does: "the container's main process",
        exits: entrypointExits,
        run: withPage(async () => (await import("../roles/pgpool/role.ts")).pgpoolEntrypoint),
      },
    ],
  },
  barman,
  cluster,
  health,
  {
    name: "config",
    does: "the environment variables",
    commands: [
      {
        usage: "check [ROLE]",
        does: "tests this environment for a role and changes nothing. ROLE is postgres-node, pgpool or barman; " +
          "the default is the role of the image",
        exits:
          "0 ok, perhaps with warnings; 78 problems, each printed with its fix; 1 to 4 a required variable of barman " +
          "is missing; 64 no such role",
        run: lazy(async () => (await import("./config-commands.ts")).checkCommand),
      },
      {
        usage: "reference [ROLE]",
        does: "prints what every variable means, as Markdown",
        exits: "0, 64 no such role",
        run: lazy(async () => (await import("./config-commands.ts")).referenceCommand),
      },
    ],
  },
  {
    name: "",
    does: "",
    commands: [{
      usage: "metrics",
      does: "prints this container's metrics once, as Prometheus text",
      exits: "0 printed, 1 the container's service does not answer",
      run: lazy(async () => (await import("./healthcheck.ts")).metricsCommand),
    }],
  },
];
