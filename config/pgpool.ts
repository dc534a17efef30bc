// Every variable of the pgpool role: its public name, its documentation, and the checks across several variables.
import {
  type ConfigOf,
  type ConfigProblem,
  env,
  identifier,
  integer,
  MalformedValue,
  oneOf,
  plainText,
} from "./env.ts";
import { type Backend, type DbUser, parseBackends, parseDbUsers, parseSettings, type Setting } from "./list-syntax.ts";
import { observerProblems, observerVariables } from "./quorum.ts";
import * as shared from "./shared.ts";
import { tlsProblems } from "./tls.ts";

/** pgpool's password files contain name:password lines, so a colon would end the name. */
const nameWithoutColon = (text: string) => {
  if (text.includes(":")) {
    throw new MalformedValue("contains a colon, which pgpool's password files do not allow in a name");
  }
  return identifier(text);
};

/** pgpool 4.6.1 accepts a quote or a backslash in pgpool.conf, but then does not find that user in pool_passwd. */
const checkUser = (text: string) => {
  if (/['\\]/.test(text)) {
    throw new MalformedValue("contains ' or \\, with which pgpool cannot find the user in its password file");
  }
  return nameWithoutColon(text);
};

const storablePassword = (text: string) => {
  if (new TextEncoder().encode(text).length > 128) {
    throw new MalformedValue("is longer than the 128 bytes that pgpool can store");
  }
  return plainText(text);
};

const poolAuths = ["users", "password"] as const;

/** All variables of the role; shared ones come from shared.ts. */
export const pgpoolVariables = {
  backends: env<Backend[]>("BACKENDS", parseBackends, {
    fallback: [],
    defaultText: "",
    accepts: "num:host:port:weight:data_directory:flag[,...]",
    doc:
      "The nodes behind pgpool. Defaults: port 5432, weight 1, /var/lib/postgresql/data, ALLOW_TO_FAILOVER. Numbers may be " +
      "in any order and may have gaps. If there are no backends, the container stays up and reports that it is not ready.",
  }),
  dbUsers: env<DbUser[]>("DB_USERS", parseDbUsers, {
    fallback: [],
    defaultText: "",
    accepts: "user:password[,user:password]; in DB_USERS_FILE, one pair per line",
    doc:
      "Users that may log in through pgpool. A password may contain colons, and in DB_USERS_FILE also commas; it may be at " +
      "most 128 bytes long.",
    secret: true,
  }),
  poolAuth: env<typeof poolAuths[number]>("POOL_AUTH", oneOf(poolAuths), {
    fallback: "users",
    accepts: "users or password",
    doc:
      "Which users may log in through pgpool. users: those of DB_USERS, by SCRAM. password: every role of the database, also one " +
      "that is made later, if the client uses TLS: it sends its password, and pgpool logs in with that. Without TLS, DB_USERS counts.",
    changed: "New.",
  }),
  checkUser: env("CHECK_USER", checkUser, {
    fallback: "replication_user",
    accepts: "a role name of at most 63 bytes, without a colon, ' or \\",
    doc: "Role that pgpool uses for its own checks.",
  }),
  checkPassword: env("CHECK_PASSWORD", storablePassword, {
    fallback: "replication_pass",
    accepts: "text without control characters, at most 128 bytes",
    doc: "Password of CHECK_USER.",
    secret: true,
  }),
  checkTimeoutSeconds: shared.checkTimeout,
  pcpUser: env("PCP_USER", nameWithoutColon, {
    fallback: "",
    defaultText: "",
    accepts: "a name of at most 63 bytes, without a colon",
    doc: "Operator's user for PCP, pgpool's control protocol on port 9898.",
  }),
  pcpPassword: env("PCP_PASSWORD", plainText, {
    fallback: "",
    defaultText: "",
    accepts: "text without control characters",
    doc: "Password of PCP_USER.",
    secret: true,
  }),
  waitBackendSeconds: shared.seconds(
    "WAIT_BACKEND_TIMEOUT",
    120,
    86400,
    "How long to wait for the backends at start, all of them in parallel. pgpool starts as soon as the primary and " +
      "REQUIRE_MIN_BACKENDS backends are in service.",
  ),
  requireMinBackends: env("REQUIRE_MIN_BACKENDS", integer(0, 128), {
    fallback: 0,
    accepts: "a whole number, 0 to 128",
    doc:
      "Minimum number of backends in service; with fewer after WAIT_BACKEND_TIMEOUT the container exits. 0: no minimum.",
  }),
  consistency: shared.consistency,
  ...observerVariables,
  replicationPassword: shared.replicationPassword,
  hostAuthMethod: shared.hostAuthMethod,
  configs: shared.configs,
  configsDelimiter: shared.configsDelimiter,
  configsAssignment: shared.configsAssignment,
  ...shared.ofEveryRole,
};

export interface PgpoolConfig extends ConfigOf<typeof pgpoolVariables> {
  settings: Setting[];
}

/** Derives the rest of the configuration, or returns the problems between variables. */
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
    const shown = JSON.stringify(config.configs);
    const message = `CONFIGS: ${shown} ${error.message}`;
    problems.push({ variable: "CONFIGS", message, fix: "write name:value[,name:value]" });
  }
  if ((config.pcpUser === "") !== (config.pcpPassword === "")) {
    problems.push({
      variable: "PCP_USER",
      message: "only one of PCP_USER and PCP_PASSWORD is set",
      fix: "set both or neither",
    });
  }
  problems.push(...observerProblems(config, hostname), ...tlsProblems(config, settings));
  const encrypted = config.tls !== "off" ||
    settings.some((s) => s.name === "ssl" && /^(on|true|yes|1)$/i.test(s.value));
  if (config.poolAuth === "password" && !encrypted) {
    problems.push({
      variable: "POOL_AUTH",
      message: "POOL_AUTH is password, and pgpool has no TLS: passwords would go in clear",
      fix: "set TLS=auto, or POOL_AUTH=users",
    });
  }
  if (config.requireMinBackends > config.backends.length) {
    problems.push({
      variable: "REQUIRE_MIN_BACKENDS",
      message: `REQUIRE_MIN_BACKENDS is ${config.requireMinBackends}, but BACKENDS lists ${config.backends.length}`,
      fix: "lower REQUIRE_MIN_BACKENDS, or add nodes to BACKENDS",
    });
  }
  return problems.length > 0 ? { ok: false, problems } : { ok: true, config: { ...config, settings } };
}
