// The scripts that people put into /docker-entrypoint-initdb.d, run once for a fresh cluster, as the official postgres image does.
import { join } from "node:path";
import { postgresAccount, tryRun } from "../../../core/runtime/command.ts";
import { listDirectory, modeOf, readMounted } from "../../../core/runtime/files.ts";
import { errorText, ExitCode, OperatorError } from "../../../core/words/errors.ts";
import { reasonIn } from "../../../core/words/reason.ts";
import type { NodeConfig } from "../../../config/postgres-node.ts";
import type { Log } from "../../../core/runtime/log.ts";

const scriptDirectory = "/docker-entrypoint-initdb.d";
export const socketDirectory = "/var/run/postgresql";

export interface ScriptDeps {
  config: Pick<NodeConfig, "postgresUser" | "postgresPassword" | "database" | "pgdata">;
  log: Log;
  signal: AbortSignal;
  /** of this container; the scripts of people see all of it, as in the official image */
  environment: Readonly<Record<string, string | undefined>>;
}

/** *.sh, *.sql, *.sql.gz, *.sql.xz and *.sql.zst of /docker-entrypoint-initdb.d, in order of their names. */
export async function runScripts({ config, log, signal, environment }: ScriptDeps): Promise<void> {
  const given = Object.entries(environment).flatMap(([name, value]) => value === undefined ? [] : [[name, value]]);
  const env = {
    ...Object.fromEntries(given) as Record<string, string>,
    HOME: postgresAccount.home,
    PGHOST: socketDirectory,
    PGUSER: config.postgresUser,
    PGDATABASE: config.database,
    PGDATA: config.pgdata,
    POSTGRES_USER: config.postgresUser,
    POSTGRES_PASSWORD: config.postgresPassword,
    POSTGRES_DB: config.database,
  };
  for (const name of await listDirectory(scriptDirectory)) {
    const path = join(scriptDirectory, name);
    const first = await firstLine(path);
    const argv = scriptCommand(path, (await modeOf(path))?.mode ?? 0, first);
    if (argv === null) {
      log.info("Ignoring a file in the initdb directory", { file: path });
      continue;
    }
    log.info("Running an initdb script", { file: path });
    const onLine = (line: string) => log.info("Output", { process: name, line });
    const options = { as: postgresAccount, timeoutMs: 24 * 3_600_000, env, onLine, signal };
    const result = await tryRun(argv, options).catch((cause) => {
      throw new OperatorError({ what: `${path} could not be started`, ...whyNotStarted(first, cause) });
    });
    if (result.code === 0) continue;
    throw new OperatorError({
      what: `${path} failed`,
      why: reasonIn(result.stderr) || `it ended with ${result.code ?? result.killedBy}`,
      fix: `${
        first.endsWith("\r") ? "write it with LF line ends, or correct it" : "correct the script"
      }; the next start discards the unfinished cluster and makes a fresh one`,
      exitCode: ExitCode.config,
    });
  }
}

async function firstLine(path: string): Promise<string> {
  if (!path.endsWith(".sh")) return "";
  return (await readMounted(path) ?? "").slice(0, 256).split("\n")[0]!;
}

/** Why the system did not start a script, mostly for its first line. Pure. */
export function whyNotStarted(first: string, cause: unknown): { why: string; fix: string; exitCode: number } {
  const again = "then start the container again: it discards the unfinished cluster and makes a fresh one";
  if (!first.startsWith("#!")) {
    return { why: errorText(cause), fix: `correct the script, ${again}`, exitCode: ExitCode.config };
  }
  const fix = first.endsWith("\r")
    ? `write it with LF line ends, ${again}`
    : `name a program of the image there, as in #!/bin/bash, ${again}`;
  return {
    why: `its first line names ${JSON.stringify(first.slice(2))}, and there is no such program`,
    fix,
    exitCode: ExitCode.config,
  };
}

/** The command for one file of the initdb directory, or null if its kind is unknown. `first`: its first line. Pure. */
export function scriptCommand(path: string, mode: number, first: string): string[] | null {
  const psql = ["psql", "-v", "ON_ERROR_STOP=1", "--no-password", "--no-psqlrc"];
  const unpack: Record<string, string> = { gz: "gunzip", xz: "xz -d", zst: "zstd -d" };
  if (path.endsWith(".sh")) return (mode & 0o111) !== 0 && first.startsWith("#!") ? [path] : ["bash", path];
  if (path.endsWith(".sql")) return [...psql, "-f", path];
  const packed = /\.sql\.(gz|xz|zst)$/.exec(path)?.[1];
  if (packed === undefined) return null;
  return ["bash", "-o", "pipefail", "-c", `${unpack[packed]} < "$1" | ${psql.join(" ")}`, "bash", path];
}
