// `config check` and `config reference`: they test and explain the environment of a container, and change nothing.
import { hostname } from "node:os";
import { renderReference } from "../config/reference.ts";
import { checkVariables, type RoleName, roleNames, strangersOf } from "../config/roles.ts";
import type { ConfigProblem } from "../config/env.ts";
import type { TlsConfig } from "../config/tls.ts";
import { loadBarmanConfig } from "../roles/barman/role.ts";
import type { Setting } from "../config/list-syntax.ts";
import type { ImageVersions } from "../config/image-versions.ts";
import { judgeSettings } from "../roles/pgpool/text/pgpool-conf.ts";
import { loadPgpoolConfig } from "../roles/pgpool/role.ts";
import { requirePoolTls } from "../roles/pgpool/tools/pool-tls.ts";
import { loadNodeConfig } from "../roles/postgres-node/config.ts";
import { translateSettings } from "../roles/postgres-node/text/postgresql-conf.ts";
import { acceptedServerConfig } from "../roles/postgres-node/prepare.ts";
import { readQueriesFile } from "../roles/postgres-node/tools/queries-file.ts";
import type { Command, Context } from "../core/runtime/context.ts";
import { ExitCode, OperatorError } from "../core/words/errors.ts";
import { exists } from "../core/runtime/files.ts";
import { createLog } from "../core/runtime/log.ts";
import { TlsMaterial } from "../core/runtime/tls-material.ts";
import { mountedKeys } from "../core/runtime/sshd.ts";
import { ConfigError } from "../core/runtime/start.ts";

/** A file that only the image of this role has: a name of 1.x. */
const markers: Readonly<Record<RoleName, string>> = {
  "postgres-node": "/usr/local/bin/cluster/entrypoint.sh",
  pgpool: "/usr/local/bin/pgpool/has_write_node.sh",
  barman: "/usr/local/bin/barman_docker/wal-receiver.sh",
};

/** `config reference [ROLE]`. */
export const referenceCommand: Command = (context, { args: [name] }) => {
  context.print(renderReference(name === undefined ? roleNames : [roleCalled(name)]).trimEnd());
  return Promise.resolve(ExitCode.ok);
};

/** `config check [ROLE]`: every problem with its fix, or "ok". */
export const checkCommand: Command = async (context, { args: [name] }) => {
  const role = name === undefined ? await roleOfThisImage() : roleCalled(name);
  const warnings = strangersOf(context.environment);
  const found = checkEnvironment(role, context, hostname());
  if (found.problems.length === 0) found.problems.push(...await checkAgainstHere(role, found, context));
  for (const warning of [...warnings, ...found.warnings]) context.print(`warning: ${warning}`);
  for (const problem of found.problems) context.print(`${problem.message}\n  fix: ${problem.fix}`);
  if (found.problems.length === 0) {
    context.print(`ok: ${role}, ${found.summary}`);
    return ExitCode.ok;
  }
  context.print(`${found.problems.length} problem${found.problems.length === 1 ? "" : "s"} for ${role}`);
  return new ConfigError(found.problems).exitCode;
};

export interface Found {
  problems: ConfigProblem[];
  warnings: string[];
  sshEnable: boolean;
  summary: string;
}

/** What follows from the variables alone, CONFIGS included. */
export function checkEnvironment(
  role: RoleName,
  context: Pick<Context, "environment" | "readFile">,
  host: string,
): Found {
  const read = checkVariables(role, context, host);
  if (!read.ok) return { problems: read.problems, warnings: [], sshEnable: false, summary: "" };
  const { problems, warnings } = checkSettings(role, read.settings, read.imageVersions);
  const known = read.published.map((name) => `${name} is a default or of PostDock's examples: set another, everywhere`);
  return { problems, warnings: [...warnings, ...known], sshEnable: read.sshEnable, summary: read.summary };
}

function checkSettings(
  role: RoleName,
  settings: readonly Setting[],
  versions: ImageVersions,
): Pick<Found, "problems" | "warnings"> {
  const problem = (message: string, fix: string): ConfigProblem => ({ variable: "CONFIGS", message, fix });
  if (role === "pgpool") {
    const { warnings, idle, refused } = judgeSettings(settings, versions);
    return {
      warnings: [...warnings, ...idle],
      problems: refused.map((why) => problem(`CONFIGS: ${why}`, "correct the setting or remove it")),
    };
  }
  const { warnings, refused } = translateSettings(settings, versions);
  return {
    warnings,
    problems: refused.map((r) => problem(`CONFIGS sets ${r.name}, which PostDock sets itself`, r.fix)),
  };
}

/** The checks that need this container: whether its PostgreSQL accepts CONFIGS, and the mounted keys. */
async function checkAgainstHere(role: RoleName, found: Found, context: Context): Promise<ConfigProblem[]> {
  const problems: ConfigProblem[] = [];
  const attempt = async (variable: string, work: () => Promise<unknown>) => {
    try {
      await work();
    } catch (error) {
      if (!(error instanceof OperatorError)) throw error;
      problems.push({ variable, message: error.what + (error.why ? `: ${error.why}` : ""), fix: error.fix });
    }
  };
  const quiet = createLog({ level: "ERROR", write: () => {}, wallMs: () => context.clock.wallMs() });
  const own = { keys: [], hosts: [], clock: context.clock, log: quiet };
  const mounted = (config: TlsConfig, needed: readonly string[]) => new TlsMaterial({ ...own, config, needed }).check();
  if (role === "postgres-node") {
    const config = loadNodeConfig(context);
    await attempt("TLS", () => mounted(config, [config.host]));
    await attempt("METRICS_QUERIES", () => readQueriesFile(config.metricsQueries));
  }
  if (role === "postgres-node" && await exists(markers[role])) {
    await attempt("CONFIGS", () => acceptedServerConfig(loadNodeConfig(context), { ...context, log: quiet }));
  } else if (role === "postgres-node") {
    found.warnings.push(
      "CONFIGS was not tested against PostgreSQL, which is not installed here: run this in the postgres image",
    );
  }
  if (role === "pgpool") {
    const config = loadPgpoolConfig(context);
    await attempt("TLS", () => mounted(config, config.networkName === null ? [] : [config.networkName]));
    if (await exists(markers[role])) {
      await attempt("CONFIGS", () => requirePoolTls(config, config.verdict.settings, { ...context, log: quiet }));
    }
  }
  if (role === "barman") {
    const config = loadBarmanConfig(context);
    await attempt("TLS", () => mounted(config, config.networkName === null ? [] : [config.networkName]));
  }
  if (found.sshEnable) await attempt("SSH_ENABLE", mountedKeys);
  return problems;
}

function roleCalled(name: string): RoleName {
  const role = roleNames.find((r) => r === name);
  if (role) return role;
  throw new OperatorError({
    what: `${JSON.stringify(name)} is not a role`,
    fix: `write one of ${roleNames.join(", ")}`,
    exitCode: ExitCode.usage,
  });
}

async function roleOfThisImage(): Promise<RoleName> {
  for (const role of roleNames) if (await exists(markers[role])) return role;
  throw new OperatorError({
    what: "This is not one of PostDock's images, so the role is not known",
    fix: `name the role: postdock config check ${roleNames[0]}, or one of ${roleNames.slice(1).join(", ")}`,
    exitCode: ExitCode.usage,
  });
}
