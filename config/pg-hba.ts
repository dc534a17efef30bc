// The operator's own lines of pg_hba.conf. PostgreSQL does not start with a line that it cannot read, so the form is checked here.
import { isIP } from "node:net";
import { env, MalformedValue, type Source } from "./env.ts";

/** Types of lines, and the least number of fields (manual, 20.1): a line for the socket has no address. */
const types: Readonly<Record<string, number>> = {
  local: 4,
  host: 5,
  hostssl: 5,
  hostnossl: 5,
  hostgssenc: 5,
  hostnogssenc: 5,
};

const methods = [
  "trust",
  "reject",
  "md5",
  "password",
  "scram-sha-256",
  "gss",
  "peer",
  "ident",
  "pam",
  "ldap",
  "radius",
  "cert",
];
/** Options by method (manual, 20.4 to 20.14); PostgreSQL does not start with another one. clientcert goes with hostssl. */
const options: Readonly<Record<string, readonly string[]>> = {
  gss: ["include_realm", "map", "krb_realm"],
  peer: ["map"],
  ident: ["map"],
  cert: ["map", "clientname"],
  pam: ["pamservice", "pam_use_hostname"],
  radius: ["radiusservers", "radiussecrets", "radiusports", "radiusidentifiers"],
  ldap: ["server", "port", "scheme", "tls", "prefix", "suffix", "basedn", "binddn", "bindpasswd", "searchattribute"]
    .concat("searchfilter", "url").map((name) => `ldap${name}`),
};
/** Of each list one has to be there. */
const needed: Readonly<Record<string, readonly (readonly string[])[]>> = {
  radius: [["radiusservers"], ["radiussecrets"]],
  ldap: [["ldapserver", "ldapurl"], ["ldapbasedn", "ldapprefix", "ldapsuffix", "ldapurl"]],
};
const onlyLocal = ["peer"];
const onlyTls = ["cert"];
const words = ["all", "samehost", "samenet"];
const mostLines = 200;

/** Fields as PostgreSQL takes a line apart: quotes keep spaces and commas together, a comma joins what stands around it. */
function fieldsOf(line: string): string[] {
  return (line.replaceAll(/[ \t]*,[ \t]*/g, ",").match(/(?:"(?:[^"]|"")*"|[^ \t"])+/g) ?? []) as string[];
}

function lineProblem(line: string): string | null {
  if ((line.replaceAll('""', "").match(/"/g)?.length ?? 0) % 2 === 1) return "has a quote without its end";
  const [type = "", ...rest] = fieldsOf(line);
  const least = Object.hasOwn(types, type) ? types[type]! : null;
  if (least === null) return `begins with ${JSON.stringify(type)}, which is none of ${Object.keys(types).join(", ")}`;
  if (rest.length + 1 < least) return `has ${rest.length + 1} fields, and ${type} has at least ${least}`;
  const file = rest.slice(0, 2).flatMap((f) => f.split(",")).find((name) => name.startsWith("@"));
  if (file !== undefined) return `names the file ${file}: write the names out`;
  const address = type === "local" ? null : rest[2]!;
  if (address !== null && !isAddress(address)) return `has ${JSON.stringify(address)} in place of an address`;
  const masked = address !== null && isIP(address) !== 0;
  if (masked && isIP(rest[3] ?? "") !== isIP(address)) {
    return `has the address ${address} without a mask: write ${address}/32`;
  }
  const [method = "", ...given] = rest.slice(type === "local" ? 2 : masked ? 4 : 3);
  if (!methods.includes(method)) return `has ${JSON.stringify(method)} in place of a method, such as scram-sha-256`;
  if (onlyLocal.includes(method) && type !== "local") return `has ${method}, which is for local lines only`;
  if (onlyTls.includes(method) && type !== "hostssl") return `has ${method}, which is for hostssl lines only`;
  const odd = given.find((option) => !/^"?[a-z_]+=/.test(option));
  if (odd !== undefined) return `has ${JSON.stringify(odd)} behind the method, where only name=value may stand`;
  const names = given.map((option) => option.replace(/^"?([a-z_]+)=[^]*/, "$1"));
  const known = [...options[method] ?? [], ...type === "hostssl" ? ["clientcert", "clientname"] : []];
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined) return `has the option ${unknown}, which ${method} on a ${type} line does not know`;
  const lacks = needed[method]?.find((oneOf) => !oneOf.some((name) => names.includes(name)));
  if (lacks !== undefined) return `lacks an option that ${method} needs: ${lacks.join(" or ")}`;
  const value = (option: string) => option.replace(/^"?[a-z_]+="?|"$/g, "");
  return valueProblem(method, new Map(given.map((option, i) => [names[i]!, value(option)])));
}

/** Values of `clientcert`; with the method cert there is only one (auth option parsing of PostgreSQL 17, hba.c). */
const clientcerts = (method: string) => method === "cert" ? ["verify-full"] : ["verify-ca", "verify-full"];
/** What LDAP looks for a user with, where it has none of the simple way, ldapprefix and ldapsuffix. */
const searching = /^ldap(basedn|binddn|bindpasswd|searchattribute|searchfilter|url)$/;

function valueProblem(method: string, values: ReadonlyMap<string, string>): string | null {
  const names = [...values.keys()];
  const clientcert = values.get("clientcert");
  const wanted = clientcerts(method);
  if (clientcert !== undefined && !wanted.includes(clientcert)) {
    return `has clientcert=${clientcert}, where ${method} takes ${wanted.join(" or ")}`;
  }
  const search = names.find((name) => searching.test(name));
  const simple = names.find((name) => /^ldap(prefix|suffix)$/.test(name));
  if (search !== undefined && simple !== undefined) {
    return `has ${simple} and ${search}, of which only one may be there`;
  }
  if (values.has("ldapsearchattribute") && values.has("ldapsearchfilter")) {
    return "has ldapsearchattribute and ldapsearchfilter, of which only one may be there";
  }
  const listOf = (name: string) => (values.get(name) ?? "").split(",").map((part) => part.trim());
  const port = ["ldapport", "radiusports"].find((name) => values.has(name) && !listOf(name).every(isPort));
  if (port !== undefined) return `has ${port}=${values.get(port)}, which is not a port`;
  const servers = listOf("radiusservers").length;
  const odd = ["radiussecrets", "radiusports", "radiusidentifiers"].find((name) =>
    values.has(name) && !values.get(name)!.includes('"') && ![1, servers].includes(listOf(name).length)
  );
  return odd === undefined ? null : `has another number of ${odd} than of radiusservers`;
}

const isPort = (text: string): boolean => /^\d{1,5}$/.test(text) && Number(text) > 0 && Number(text) < 65_536;

/** What is told of a line: it may hold passwords. */
const shown = (line: string) =>
  line.replaceAll(/("?)(ldapbindpasswd|radiussecrets)=(?:(?<="\w+=)[^"]*"|"[^"]*"|\S*)/g, "$1$2=***$1").slice(0, 80);

function isAddress(text: string): boolean {
  const [ip = "", bits, ...more] = text.split("/");
  if (bits === undefined) {
    return words.includes(text) || isIP(text) !== 0 || /^\.?[A-Za-z0-9_][A-Za-z0-9_.-]*$/.test(text);
  }
  const most = { 0: -1, 4: 32, 6: 128 }[isIP(ip)] ?? -1;
  return more.length === 0 && /^\d{1,3}$/.test(bits) && Number(bits) <= most;
}

/** The lines, each checked. In a file they stand as in pg_hba.conf; in a variable a semicolon ends each. Throws MalformedValue. */
export function parsePgHba(text: string, source: Source = "environment"): string[] {
  const lines = text.split(source === "file" ? /\r?\n/ : ";").map((line) => line.trim());
  const rules = lines.filter((line) => line !== "" && !line.startsWith("#"));
  if (rules.length > mostLines) throw new MalformedValue(`has more than ${mostLines} lines`);
  for (const [i, rule] of rules.entries()) {
    // deno-lint-ignore no-control-regex -- control characters are what is refused
    if (/[\u0000-\u0008\u000a-\u001f\u007f]/.test(rule)) {
      throw new MalformedValue(`has a control character in line ${i + 1}`);
    }
    const blank = /[^\S \t]/.exec(rule)?.[0];
    if (blank !== undefined) {
      const code = blank.codePointAt(0)!.toString(16).toUpperCase().padStart(4, "0");
      throw new MalformedValue(`has the character U+${code} in line ${i + 1}, which looks like a space: write a space`);
    }
    const problem = lineProblem(rule);
    if (problem !== null) throw new MalformedValue(`line ${i + 1} (${shown(rule)}) ${problem}`);
  }
  return rules;
}

export const pgHba = env<string[]>("PG_HBA", parsePgHba, {
  fallback: [],
  defaultText: "",
  accepts: "lines of pg_hba.conf, each ended by a semicolon; in PG_HBA_FILE one a line",
  doc: "Your own rules, which say which client logs in how; set the same on all nodes. They stand before all other " +
    "lines but those for REPLICATION_USER and POSTGRES_USER of the cluster's own containers, which no rule can lock out; " +
    "a CHECK_USER of its own needs a rule. They are written again at every start.",
  changed: "New.",
});
