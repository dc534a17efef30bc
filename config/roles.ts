// The roles, their variables, and the checks across several variables, for `config check` and the reference.
import { barmanProblems, barmanVariables } from "./barman.ts";
import { type ConfigProblem, readConfig, type ReadDeps, type Variables } from "./env.ts";
import { completePgpoolConfig, pgpoolVariables } from "./pgpool.ts";
import { completeNodeConfig, postgresNodeVariables } from "./postgres-node.ts";
import type { ImageVersions } from "./image-versions.ts";
import { publishedIn } from "./published.ts";
import type { Setting } from "./list-syntax.ts";
import { strangers } from "./strangers.ts";

export const roleNames = ["postgres-node", "pgpool", "barman"] as const;
export type RoleName = typeof roleNames[number];

/** The variables of each role. */
export const roleVariables: Readonly<Record<RoleName, Variables>> = {
  "postgres-node": postgresNodeVariables,
  pgpool: pgpoolVariables,
  barman: barmanVariables,
};

/** One sentence for each variable that nothing reads any more, or that looks like a misspelt one of any role. */
export const strangersOf = (environment: Readonly<Record<string, string | undefined>>): string[] =>
  strangers(Object.keys(environment).filter((name) => environment[name] !== undefined), Object.values(roleVariables));

/** Whether a role's container would accept an environment. */
export type RoleCheck =
  | {
    ok: true;
    settings: Setting[];
    sshEnable: boolean;
    summary: string;
    published: string[];
    imageVersions: ImageVersions;
  }
  | { ok: false; problems: ConfigProblem[] };

/** What is said of the accepted variables of any role. */
const common = (config: { imageVersions: ImageVersions; sshEnable: boolean }, published: string[]) => ({
  ok: true as const,
  imageVersions: config.imageVersions,
  sshEnable: config.sshEnable,
  published,
});

/** Reads and checks a role's variables as its entrypoint does, without touching anything. */
export function checkVariables(role: RoleName, deps: ReadDeps, hostname: string): RoleCheck {
  switch (role) {
    case "postgres-node": {
      const read = readConfig(postgresNodeVariables, deps);
      const done = read.ok ? completeNodeConfig(read.config, hostname) : read;
      if (!done.ok) return { ok: false, problems: done.problems };
      const { name, id, host, settings } = done.config;
      const published = publishedIn(postgresNodeVariables, done.config);
      return { ...common(done.config, published), settings, summary: `node ${name}, id ${id}, reached as ${host}` };
    }
    case "pgpool": {
      const read = readConfig(pgpoolVariables, deps);
      const done = read.ok ? completePgpoolConfig(read.config, hostname) : read;
      if (!done.ok) return { ok: false, problems: done.problems };
      const { backends, dbUsers, settings } = done.config;
      const published = publishedIn(pgpoolVariables, done.config);
      return {
        ...common(done.config, published),
        settings,
        summary: `backends: ${backends.length}, users: ${dbUsers.length}`,
      };
    }
    case "barman": {
      const read = readConfig(barmanVariables, deps);
      if (!read.ok) return { ok: false, problems: read.problems };
      const problems = barmanProblems(read.config, hostname);
      if (problems.length > 0) return { ok: false, problems };
      const { hosts, serverName } = read.config;
      const published = publishedIn(barmanVariables, read.config);
      return {
        ...common(read.config, published),
        settings: [],
        summary: `server ${serverName}, from ${hosts.join(",")}`,
      };
    }
  }
}
