// TLS: the variables of every role, and what is wrong between them.
import { type ConfigOf, type ConfigProblem, env, MalformedValue, oneOf } from "./env.ts";
import { hostName } from "./host-name.ts";
import type { Setting } from "./list-syntax.ts";
import { absolutePath } from "./paths.ts";

const modes = ["off", "auto", "prefer", "require"] as const;
export type TlsMode = typeof modes[number];

const file = (name: string, doc: string) =>
  env<string | null>(name, absolutePath, { fallback: null, accepts: "an absolute path", doc, changed: "New." });

const hostNames = (text: string): string[] => {
  const names = text.split(/[\s,]+/).filter(Boolean).map(hostName);
  if (names.length > 50) throw new MalformedValue("lists more than 50 names");
  return names;
};

export const tlsVariables = {
  tls: env<TlsMode>("TLS", oneOf(modes), {
    fallback: "off",
    accepts: "off, auto, prefer or require",
    doc:
      "Encryption of all connections to PostgreSQL and pgpool; set the same value on all containers. auto: the containers " +
      "make their certificates themselves, check each other's, and let nobody replicate without TLS; clients may use it. " +
      "require: clients have to use it, too. prefer: it is offered, and the containers use it where they can, as a step on the " +
      "way to auto or require. prefer and require take TLS_CERT_FILE, TLS_KEY_FILE and TLS_CA_FILE, or else make certificates " +
      "as auto does. off: only what ssl in CONFIGS says.",
    changed: "New.",
  }),
  tlsCertFile: file(
    "TLS_CERT_FILE",
    "Path of this container's certificate in PEM form, its own first, then those between it and the authority. It has to name " +
      "the host by which other containers reach this one. A changed file is read again within 10 seconds.",
  ),
  tlsKeyFile: file(
    "TLS_KEY_FILE",
    "Path of the key of TLS_CERT_FILE in PEM form, whatever its owner and mode, as long as the container can read it.",
  ),
  tlsCaFile: file(
    "TLS_CA_FILE",
    "Path of the authorities' certificates in PEM form, with which the containers check each other, and PostgreSQL the " +
      "certificates of clients.",
  ),
  tlsNames: env<string[]>("TLS_NAMES", hostNames, {
    fallback: [],
    defaultText: "",
    accepts: "up to 50 host names or addresses, separated by commas or spaces",
    doc: "Further names by which clients reach this container, for the certificate that it makes itself.",
    changed: "New.",
  }),
};

/** What a role's variables say of TLS. */
export type TlsConfig = ConfigOf<typeof tlsVariables>;

/** Settings of PostgreSQL and of pgpool that TLS sets. */
const taken = ["ssl", "ssl_cert_file", "ssl_key_file", "ssl_ca_file", "ssl_cert", "ssl_key", "ssl_ca_cert"];

/** What is wrong between these variables. */
export function tlsProblems(
  { tls, tlsCertFile, tlsKeyFile, tlsCaFile, tlsNames }: TlsConfig,
  settings: readonly Setting[],
): ConfigProblem[] {
  const problem = (variable: string, message: string, fix: string): ConfigProblem => ({ variable, message, fix });
  const given = Object.entries({
    TLS_CERT_FILE: tlsCertFile,
    TLS_KEY_FILE: tlsKeyFile,
    TLS_CA_FILE: tlsCaFile,
    TLS_NAMES: tlsNames.length > 0 || null,
  }).flatMap(([name, value]) => value === null ? [] : [name]);
  if (tls === "off") {
    return given.slice(0, 1).map((name) =>
      problem(name, `${name} is set, and TLS is off`, "set TLS=prefer or TLS=require, or remove it")
    );
  }
  const both = settings.filter(({ name }) => taken.includes(name.toLowerCase())).map((s) => s.name);
  if (both.length > 0) {
    const message = `TLS is ${tls}, and CONFIGS sets ${both.join(", ")}`;
    return [
      problem("TLS", message, "take them out of CONFIGS; the files are TLS_CERT_FILE, TLS_KEY_FILE and TLS_CA_FILE"),
    ];
  }
  const files = given.filter((name) => name !== "TLS_NAMES");
  if (tls === "auto" && files.length > 0) {
    const message = `TLS=auto makes certificates itself, and ${files.join(", ")} ${
      files.length > 1 ? "are" : "is"
    } set`;
    return [problem(files[0]!, message, "set TLS=prefer or TLS=require to use files, or remove them")];
  }
  if ((tlsCertFile === null) !== (tlsKeyFile === null)) {
    const lacks = tlsCertFile === null ? "TLS_CERT_FILE" : "TLS_KEY_FILE";
    return [problem(lacks, `only one of TLS_CERT_FILE and TLS_KEY_FILE is set`, `set ${lacks}, too`)];
  }
  if (tlsCertFile === null && tlsCaFile !== null) {
    const fix =
      "set TLS_CERT_FILE and TLS_KEY_FILE, too, or remove it: then the containers make certificates themselves";
    return [problem("TLS_CA_FILE", "TLS_CA_FILE is set without a certificate of this container", fix)];
  }
  if (tlsCertFile !== null && tlsNames.length > 0) {
    const message = "TLS_NAMES is for the certificate that a container makes itself, and TLS_CERT_FILE is set";
    return [problem("TLS_NAMES", message, "remove TLS_NAMES; the names are those in the certificate")];
  }
  if (tls === "require" && tlsCertFile !== null && tlsCaFile === null) {
    const message =
      "TLS=require needs TLS_CA_FILE beside TLS_CERT_FILE: the containers check each other's certificates";
    return [problem("TLS_CA_FILE", message, "mount the authority's certificate, and name it in TLS_CA_FILE")];
  }
  return [];
}
