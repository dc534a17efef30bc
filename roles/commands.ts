// The tree of commands: what argv means. The only file that knows all roles.
import { Command as Parser, CommanderError } from "commander";
import type { Command, Context } from "./runtime/context.ts";
import { errorText, ExitCode, OperatorError } from "./runtime/errors.ts";
import { legacyArguments } from "./legacy-commands.ts";
import { POSTDOCK_VERSION } from "./runtime/version.ts";
import { eventCommand, mayPromoteCommand } from "./postgres-node/local-commands.ts";
import * as old from "./postgres-node/old-names.ts";
import { isMajorMaster } from "./postgres-node/health-command.ts";
import { hasEnoughBackendsProbe, hasWriteNodeProbe, pgpoolEntrypoint } from "./pgpool/role.ts";
import { liveProbe, readyProbe } from "./runtime/healthcheck.ts";
import { nodeEntrypoint } from "./postgres-node/role.ts";
import { backupCommand, listCommand, receiveWalCommand } from "./barman/commands.ts";
import { barmanEntrypoint } from "./barman/role.ts";

/** Runs one command line and returns its exit code; nothing is thrown, every failure has been explained. */
export async function runCommandLine(context: Context, argv0: string, args: readonly string[]): Promise<number> {
  let code: number = ExitCode.ok;
  const parser = commandTree((command, commandArgs) => async () => {
    code = await command(context, commandArgs());
  }, context);
  try {
    await parser.parseAsync([...legacyArguments(argv0), ...args], { from: "user" });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? ExitCode.ok : ExitCode.usage;
    return explain(context, error);
  }
}

type Bind = (command: Command, args: () => readonly string[]) => () => Promise<void>;

/** The whole tree; also what docs/commands.md is made from. */
export function commandTree(bind: Bind, context: Pick<Context, "print" | "complain">): Parser {
  const root = new Parser("postdock").version(POSTDOCK_VERSION)
    .description("PostgreSQL cluster in containers: entrypoint, probes, metrics, cluster commands and recovery")
    .exitOverride()
    .configureOutput({ writeOut: (s) => context.print(s.trimEnd()), writeErr: (s) => context.complain(s.trimEnd()) });
  const leaf = (parent: Parser, name: string, description: string, command: Command) => {
    const parser = parent.command(name).description(description).argument("[args...]");
    const flags = () => Object.entries(parser.opts()).flatMap(([name, on]) => on === true ? [`--${name}`] : []);
    parser.action(() => bind(command, () => [...parser.args, ...flags()])());
    return parser;
  };
  const node = root.command("postgres-node").description("a PostgreSQL node");
  leaf(node, "entrypoint", "the container's main process", nodeEntrypoint);
  leaf(node, "may-promote", "whether this standby may become primary now (repmgrd asks)", mayPromoteCommand);
  leaf(node, "event", "takes an event notification of repmgr", eventCommand);
  leaf(node, "wait-local", "returns once this node's PostgreSQL answers (wait_local_postgres)", old.waitLocalPostgres);
  leaf(node, "wait-upstream", "returns once the upstream answers (wait_upstream_postgres)", old.waitUpstreamPostgres);
  leaf(node, "node-id", "prints the node's id (get_node_id)", old.getNodeId);
  leaf(node, "repmgr-schema", "prints the schema of repmgr's tables (get_repmgr_schema)", old.getRepmgrSchema);
  leaf(node, "primary-host", "prints the primary's host (cluster_master)", old.clusterMaster);
  leaf(node, "has-cluster", "exits 0 where PGDATA holds a cluster (has_pg_cluster)", old.hasPgCluster);
  leaf(node, "sshd", "runs sshd where SSH_ENABLE=1 (sshd_start)", old.sshdStart);
  const pgpool = root.command("pgpool").description("the pooler and load balancer");
  leaf(pgpool, "entrypoint", "the container's main process", pgpoolEntrypoint);
  const health = root.command("healthcheck").description("probes: exit 0 or 1, one line of why");
  leaf(health, "live", "the container is sound", liveProbe);
  leaf(health, "ready", "the container can serve its role now", readyProbe);
  leaf(health, "is-major-master", "this node is no primary, or is the real one", isMajorMaster);
  leaf(health, "has-write-node", "pgpool sends writes to the primary", hasWriteNodeProbe);
  leaf(
    health,
    "has-enough-backends",
    "at least N backends are attached (default REQUIRE_MIN_BACKENDS)",
    hasEnoughBackendsProbe,
  );
  const barman = root.command("barman").description("backups and WAL archive");
  leaf(barman, "entrypoint", "the container's main process", barmanEntrypoint);
  leaf(barman, "backup", "takes a base backup now and waits until it can be restored", backupCommand);
  leaf(barman, "list", "lists the backups", listCommand).option("--json", "machine-readable");
  leaf(
    barman,
    "receive-wal",
    "the WAL receiver in the foreground, where the service does not run it",
    receiveWalCommand,
  );
  return root;
}

function explain(context: Context, error: unknown): number {
  if (error instanceof OperatorError) {
    context.complain(`postdock: ${error.message}`);
    return error.exitCode;
  }
  context.complain(`postdock: a bug: ${error instanceof Error ? error.stack : errorText(error)}`);
  return ExitCode.bug;
}
