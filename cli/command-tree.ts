// Every command as data: its words, what it does, how it can end. The only file that knows all roles.
import { cluster } from "./cluster/tree.ts";
import { type Group, lazy } from "./command-types.ts";

const entrypointExits = "0 stopped as asked, 69 a node that is needed stayed away, 70 a bug, 77 refused for safety, " +
  "78 configuration";
const probeExits = "0 yes, 1 no, also where it could not see";
const done = "0 done, 1 not done";

const node: Group = {
  name: "postgres-node",
  does: "a PostgreSQL node",
  commands: [
    {
      usage: "entrypoint",
      does: "the container's main process",
      exits: entrypointExits,
      run: lazy(async () => (await import("../roles/postgres-node/role.ts")).nodeEntrypoint),
    },
    {
      usage: "may-promote",
      does: "whether this standby may become primary now; repmgrd asks before it promotes",
      exits: probeExits,
      run: lazy(async () => (await import("../roles/postgres-node/http/local-commands.ts")).mayPromoteCommand),
    },
    {
      usage: "may-end-recovery",
      does: "whether this server may become read-write; PostgreSQL asks at the end of recovery",
      exits: "0 yes, 126 no, so that PostgreSQL ends",
      run: lazy(async () => (await import("../roles/postgres-node/http/local-commands.ts")).mayEndRecoveryCommand),
    },
    {
      usage: "fetch-wal [name]",
      does: "puts a WAL file that barman has into pg_wal; pg_rewind asks for what it misses",
      exits: "0 it is there, 1 it is not to be had",
      run: lazy(async () => (await import("../roles/postgres-node/data/fetch-wal.ts")).fetchWalCommand),
    },
    {
      usage: "fence [directory]",
      does: "ends PostgreSQL when the lease ends; the agent's own process",
      exits: "0 its input ended",
      run: lazy(async () => (await import("../roles/postgres-node/lease/fence.ts")).fenceCommand),
    },
    {
      usage: "event [nodeId] [event] [success] [time] [details]",
      does: "takes an event notification of repmgr",
      exits: "0 always, so that repmgr goes on",
      run: lazy(async () => (await import("../roles/postgres-node/http/local-commands.ts")).eventCommand),
      anyArguments: true,
    },
    {
      usage: "wait-local",
      does: "returns once this node's PostgreSQL answers",
      exits: "0 it answers, 1 not within REPMGR_WAIT_POSTGRES_START_TIMEOUT",
      run: lazy(async () => (await import("../roles/postgres-node/old-names.ts")).waitLocalPostgres),
    },
    {
      usage: "wait-upstream",
      does: "returns once the upstream answers and has repmgr's tables",
      exits: "0 it answers, 1 not within REPMGR_WAIT_POSTGRES_START_TIMEOUT",
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
      exits: "0 printed, 1 none in sight",
      run: lazy(async () => (await import("../roles/postgres-node/old-names.ts")).clusterMaster),
    },
    {
      usage: "has-cluster",
      does: "whether PGDATA holds a whole cluster",
      exits: "0 yes, 1 no",
      run: lazy(async () => (await import("../roles/postgres-node/old-names.ts")).hasPgCluster),
    },
    {
      usage: "sshd",
      does: "runs sshd where SSH_ENABLE=1 and none runs yet",
      exits: done,
      run: lazy(async () => (await import("../roles/postgres-node/old-names.ts")).sshdStart),
    },
  ],
};

const health: Group = {
  name: "healthcheck",
  does: "probes of this container: one line of why",
  commands: [
    {
      usage: "live",
      does: "the container is sound",
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
      does: "this node is no primary, or is the one that the others follow",
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
      does: "at least N backends are attached; REQUIRE_MIN_BACKENDS where N is left out",
      exits: `${probeExits}, 64 N is no number`,
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
      run: lazy(async () => (await import("../roles/barman/role.ts")).barmanEntrypoint),
    },
    {
      usage: "backup",
      does: "takes a base backup now and waits until it can be restored",
      exits: done,
      run: lazy(async () => (await import("../roles/barman/commands.ts")).backupCommand),
    },
    {
      usage: "list",
      does: "lists the backups, oldest first",
      exits: done,
      run: lazy(async () => (await import("../roles/barman/commands.ts")).listCommand),
      options: [{ flag: "--json", does: "as JSON, for programs" }],
    },
    {
      usage: "receive-wal",
      does: "the WAL receiver in the foreground, where the service does not run it",
      exits: done,
      run: lazy(async () => (await import("../roles/barman/commands.ts")).receiveWalCommand),
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
        run: lazy(async () => (await import("../roles/pgpool/role.ts")).pgpoolEntrypoint),
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
        does:
          "tests this environment for a role (postgres-node, pgpool or barman; in an image its own) and touches nothing",
        exits:
          "0 ok, perhaps with warnings, 78 problems, each printed with its fix; barman's 1 to 4 a required variable " +
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
