// Every variable of the pgpool role, under its public name, with its documentation.
import { type ConfigOf, type ConfigProblem, env, identifier, integer, MalformedValue, plainText } from "./env.ts";
import { type Backend, type DbUser, parseBackends, parseDbUsers, parseSettings, type Setting } from "./list-syntax.ts";
import { observerProblems, observerVariables } from "./quorum.ts";
import * as shared from "./shared.ts";

/** pgpool's files hold name:password pairs, so a colon would end the name. */
const nameWithoutColon = (text: string) => {
  if (text.includes(":")) throw new MalformedValue("holds a colon, which pgpool's password files cannot");
  return identifier(text);
};

/** pgpool.conf takes a quote or a backslash in a value and does not find that user in pool_passwd (4.6.1). */
const checkUser = (text: string) => {
  if (/['\\]/.test(text)) throw new MalformedValue("holds ' or \\, with which pgpool does not find its own user");
  return nameWithoutColon(text);
};

const storablePassword = (text: string) => {
  if (new TextEncoder().encode(text).length > 128) {
    throw new MalformedValue("is longer than 128 bytes, which pgpool cannot store");
  }
  return plainText(text);
};

/** All variables of the role; shared ones come from shared.ts. */
export const pgpoolVariables = {
  backends: env<Backend[]>("BACKENDS", parseBackends, {
    fallback: [],
    defaultText: "",
    accepts: "num:host:port:weight:data_directory:flag[,...]",
    doc:
      "The nodes behind pgpool. What is left out: port 5432, weight 1, /var/lib/postgresql/data, ALLOW_TO_FAILOVER. " +
      "Numbers need not be in order or dense. With none the container stays up, is not ready and says so.",
  }),
  dbUsers: env<DbUser[]>("DB_USERS", parseDbUsers, {
    fallback: [],
    defaultText: "",
    accepts: "user:password[,user:password]; in DB_USERS_FILE one pair a line",
    doc: "Who may log in through pgpool. A password may hold colons, commas only in DB_USERS_FILE; at most 128 bytes.",
    secret: true,
  }),
  checkUser: env("CHECK_USER", checkUser, {
    fallback: "replication_user",
    accepts: "a role name of at most 63 bytes, without a colon, ' and \\",
    doc: "Role of pgpool's own checks.",
  }),
  checkPassword: env("CHECK_PASSWORD", storablePassword, {
    fallback: "replication_pass",
    accepts: "text without control characters, at most 128 bytes",
    doc: "Its password.",
    secret: true,
  }),
  checkTimeoutSeconds: shared.checkTimeout,
  pcpUser: env("PCP_USER", nameWithoutColon, {
    fallback: "",
    defaultText: "",
    accepts: "a name of at most 63 bytes, without a colon",
    doc: "User of PCP on port 9898, for operators.",
  }),
  pcpPassword: env("PCP_PASSWORD", plainText, {
    fallback: "",
    defaultText: "",
    accepts: "text without control characters",
    doc: "Its password.",
    secret: true,
  }),
  waitBackendSeconds: shared.seconds(
    "WAIT_BACKEND_TIMEOUT",
    120,
    86400,
    "How long to wait at start until the backends answer, all at once; s. pgpool starts as soon as the primary is there.",
  ),
  requireMinBackends: env("REQUIRE_MIN_BACKENDS", integer(0, 128), {
    fallback: 0,
    accepts: "a whole number, 0 to 128",
    doc: "Fewer reachable backends at the end of WAIT_BACKEND_TIMEOUT are an error; 0: no minimum.",
  }),
  consistency: shared.consistency,
  ...observerVariables,
  replicationPassword: shared.replicationPassword,
  configs: shared.configs,
  configsDelimiter: shared.configsDelimiter,
  configsAssignment: shared.configsAssignment,
  sshEnable: shared.sshEnable,
  logLevel: shared.logLevel,
};

export interface PgpoolConfig extends ConfigOf<typeof pgpoolVariables> {
  settings: Setting[];
}

/** Completes the parsed variables, or returns what is wrong with them together. */
export function completePgpoolConfig(
  config: ConfigOf<typeof pgpoolVariables>,
  hostname: string,
): { ok: true; config: PgpoolConfig } | { ok: false; problems: ConfigProblem[] } {
  const problems: ConfigProblem[] = [];
  let settings: Setting[] = [];
  try {
    settings = parseSettings(config.configs, config.configsDelimiter, config.configsAssignment);
  } catch (error) {
    if (!(error instanceof MalformedValue)) throw error;
    problems.push({ variable: "CONFIGS", message: `CONFIGS: ${error.message}`, fix: "write name:value[,name:value]" });
  }
  if ((config.pcpUser === "") !== (config.pcpPassword === "")) {
    problems.push({
      variable: "PCP_USER",
      message: "PCP_USER and PCP_PASSWORD go together, and one of them is not set",
      fix: "set both, or none",
    });
  }
  problems.push(...observerProblems(config, hostname));
  if (config.requireMinBackends > config.backends.length) {
    problems.push({
      variable: "REQUIRE_MIN_BACKENDS",
      message: `REQUIRE_MIN_BACKENDS is ${config.requireMinBackends}, BACKENDS has ${config.backends.length}`,
      fix: "lower it, or name more backends",
    });
  }
  return problems.length > 0 ? { ok: false, problems } : { ok: true, config: { ...config, settings } };
}
