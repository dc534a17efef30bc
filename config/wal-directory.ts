// What initdb is given beside PostDock's own arguments. WAL stays in the data directory, which moves as a whole.
import { type ConfigProblem, env, MalformedValue, plainText } from "./env.ts";

/** Arguments that would move or rename what PostDock depends on, with what to do instead. */
const refused: readonly { pattern: RegExp; fix: string }[] = [
  { pattern: /^(-X|--waldir)/, fix: "WAL stays in PGDATA: put PGDATA on a volume that is fast enough for it" },
  { pattern: /^(-D|--pgdata)/, fix: "set PGDATA" },
  { pattern: /^(-U|--username)/, fix: "set POSTGRES_USER; the superuser postgres is always there" },
  { pattern: /^(-A|--auth)/, fix: "set POSTGRES_HOST_AUTH_METHOD; passwords are always stored as scram-sha-256" },
  { pattern: /^(-W|--pwprompt|--pwfile)/, fix: "set POSTGRES_PASSWORD or POSTGRES_PASSWORD_FILE" },
];

/** What a shell would make of these, to which the official image gives them: quotes hold a value with spaces together. */
const quoted = /'([^']*)'|"([^"]*)"/g;
const argument = /(?:'[^']*'|"[^"]*"|[^\s'"])+/g;

/** Arguments for initdb. Throws MalformedValue for one that PostDock sets itself, and for a quote that stands alone. */
function initdbArguments(text: string): string[] {
  plainText(text);
  if (/['"]/.test(text.replace(quoted, ""))) throw new MalformedValue("has a quote that is not closed");
  const given = (text.match(argument) ?? []).map((a) => a.replace(quoted, "$1$2"));
  for (const one of given) {
    const found = refused.find(({ pattern }) => pattern.test(one));
    if (found) throw new MalformedValue(`has ${one.replace(/=.*/, "")}, which is not supported: ${found.fix}`);
  }
  return given;
}

export const initdbArgs = env<string[]>("POSTGRES_INITDB_ARGS", initdbArguments, {
  fallback: [],
  defaultText: "",
  accepts: "initdb arguments, separated by spaces, but none for the data directory, WAL, superuser or authentication",
  doc: "Additional arguments for initdb.",
});

/** Read by the official image. Refused, so that nobody believes that WAL is somewhere else. */
export const initdbWalDirectory = env("POSTGRES_INITDB_WALDIR", plainText, {
  fallback: "",
  accepts: "nothing",
  doc: "Refused: WAL stays in PGDATA, which clones, rewinds and restores replace as a whole.",
});

/** The problem of a WAL directory of its own. */
export function walDirectoryProblems(directory: string): ConfigProblem[] {
  if (directory === "") return [];
  return [{
    variable: "POSTGRES_INITDB_WALDIR",
    message: `POSTGRES_INITDB_WALDIR is ${JSON.stringify(directory)}, which is not supported`,
    fix: "remove it: WAL stays in PGDATA, so put PGDATA on a volume that is fast enough for it",
  }];
}
