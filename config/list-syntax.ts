// The list syntaxes of the old environment variables: CONFIGS, BACKENDS, DB_USERS, PARTNER_NODES.
// Each parser returns all entries, or throws a MalformedValue that names the bad one; never part of a list.
import { identifier, MalformedValue, type Source } from "./env.ts";
import { hostName } from "./host-name.ts";

export interface Setting {
  name: string;
  value: string;
}

/**
 * `name:value[,name:value]` with any delimiter and assignment symbols. A value may be in single or double quotes, which
 * protect the delimiter. Quotes around a whole value are removed, and a doubled quote inside them stands for one.
 */
export function parseSettings(text: string, delimiter: string, assignment: string): Setting[] {
  if (delimiter.includes(assignment) || assignment.includes(delimiter)) {
    const symbols = `${JSON.stringify(delimiter)} and ${JSON.stringify(assignment)}`;
    throw new MalformedValue(
      `cannot be split: CONFIGS_DELIMITER_SYMBOL and CONFIGS_ASSIGNMENT_SYMBOL are ${symbols}, and one contains the other`,
    );
  }
  return splitOutsideQuotes(text, delimiter).filter((part) => part.trim() !== "").map((part) => {
    const at = part.indexOf(assignment);
    const name = part.slice(0, at).trim();
    if (at < 0 || !/^[A-Za-z_][A-Za-z0-9_$]*(\.[A-Za-z_][A-Za-z0-9_$]*)?$/.test(name)) {
      throw new MalformedValue(`is malformed: entry ${JSON.stringify(part.trim())} is not name${assignment}value`);
    }
    const value = unquote(part.slice(at + assignment.length).trim());
    // deno-lint-ignore no-control-regex -- a line break in a value would be another setting
    if (/[\u0000-\u001f\u007f]/.test(value)) {
      throw new MalformedValue(`is malformed: the value of ${name} contains a control character or a line break`);
    }
    return { name: name.toLowerCase(), value };
  });
}

function splitOutsideQuotes(text: string, delimiter: string): string[] {
  const parts: string[] = [];
  let quote = "";
  let current = "";
  for (let i = 0; i < text.length;) {
    const c = text.charAt(i);
    if (quote === "" && text.startsWith(delimiter, i)) {
      parts.push(current);
      current = "";
      i += delimiter.length;
      continue;
    }
    if (quote === "" && (c === "'" || c === '"')) quote = c;
    else if (c === quote) quote = "";
    current += c;
    i++;
  }
  if (quote !== "") throw new MalformedValue(`has an unterminated ${quote}`);
  return [...parts, current];
}

function unquote(value: string): string {
  const quote = value.charAt(0);
  if (value.length < 2 || (quote !== "'" && quote !== '"') || !value.endsWith(quote)) return value;
  const inner = value.slice(1, -1);
  const whole = !inner.replaceAll(quote + quote, "").includes(quote);
  return whole ? inner.replaceAll(quote + quote, quote) : value;
}

/** Comma-separated host names; spaces around them are ignored. */
export function parseHosts(text: string): string[] {
  const hosts = text.split(",").map((h) => h.trim()).filter((h) => h !== "");
  for (const host of hosts) {
    try {
      hostName(host);
    } catch (error) {
      throw new MalformedValue(`is malformed: entry ${JSON.stringify(host)} ${(error as Error).message}`);
    }
  }
  const twice = hosts.find((h, i) => hosts.indexOf(h) !== i);
  if (twice !== undefined) throw new MalformedValue(`lists ${JSON.stringify(twice)} twice`);
  return hosts;
}

/** One entry of BACKENDS. */
export interface Backend {
  id: number;
  host: string;
  port: number;
  weight: number;
  dataDirectory: string;
  flag: string;
}

const backendFlags = ["ALLOW_TO_FAILOVER", "DISALLOW_TO_FAILOVER", "ALWAYS_PRIMARY"];

/** `num:host:port:weight:data_directory:flag[,...]`; empty positions take their defaults. */
export function parseBackends(text: string): Backend[] {
  const backends = text.split(",").map((part) => part.trim()).filter((part) => part !== "").map(parseBackend);
  const twice = backends.find((b, i) => backends.findIndex((other) => other.id === b.id) !== i);
  if (twice) throw new MalformedValue(`has two backends with the number ${twice.id}`);
  return backends;
}

/** The first group of an address that containers have: of 2000::/3, fc00::/7 or fe80::/10 (RFC 4291). */
const ipv6Begins = /^([23][0-9a-f]{3}|f[cde][0-9a-f]{2})$/i;

function parseBackend(entry: string): Backend {
  const malformed = (why: string) => new MalformedValue(`is malformed: entry ${JSON.stringify(entry)} ${why}`);
  const noIpv6 = "an IPv6 address is not accepted: give it a name, for example by extra_hosts";
  if (entry.includes("[")) throw malformed(`has brackets; ${noIpv6}`);
  const parts = entry.split(":").map((part) => part.trim());
  if (parts.length > 6) throw malformed(`has more than six positions; ${noIpv6}`);
  const [id = "", host = "", port = "", weight = "", dataDirectory = "", flag = ""] = parts;
  if (ipv6Begins.test(host)) throw malformed(`has ${host} in position 2; ${noIpv6}`);
  if (!/^\d{1,3}$/.test(id) || Number(id) > 127) throw malformed("needs a number from 0 to 127 in position 1");
  if (!/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,252}$/.test(host)) throw malformed("needs a host name or address in position 2");
  if (port !== "" && (!/^\d{1,5}$/.test(port) || Number(port) < 1 || Number(port) > 65535)) {
    throw malformed("has an invalid port in position 3");
  }
  if (!/^(\d{1,6}(\.\d{1,6})?)?$/.test(weight)) throw malformed("has an invalid weight in position 4");
  if (!/^(\/[A-Za-z0-9_.\/-]*)?$/.test(dataDirectory)) throw malformed("has an invalid absolute path in position 5");
  const flags = flag.split("|");
  if (flag !== "" && !flags.every((f) => backendFlags.includes(f))) {
    throw malformed(`has a flag other than ${backendFlags.join(", ")} in position 6`);
  }
  if (flags.includes("ALLOW_TO_FAILOVER") && flags.includes("DISALLOW_TO_FAILOVER")) {
    throw malformed("both allows and disallows failover in position 6");
  }
  return {
    id: Number(id),
    host,
    port: port === "" ? 5432 : Number(port),
    weight: weight === "" ? 1 : Number(weight),
    dataDirectory: dataDirectory === "" ? "/var/lib/postgresql/data" : dataDirectory,
    flag: flag === "" ? "ALLOW_TO_FAILOVER" : flag,
  };
}

/** One entry of DB_USERS. */
export interface DbUser {
  name: string;
  password: string;
}

/**
 * `user:password[,user:password]`, or one pair per line in DB_USERS_FILE (source "file") and wherever there are line breaks.
 * The first colon separates, so a password may contain colons; with one pair per line also commas. No error contains a password.
 */
export function parseDbUsers(text: string, source: Source = "environment"): DbUser[] {
  const separator = source === "file" || text.includes("\n") ? "\n" : ",";
  const entries = text.split(separator).map((e) => e.replace(/\r$/, "")).filter((e) => e.trim() !== "");
  const users = entries.map((entry, i) => parseDbUser(entry, i + 1));
  const twice = users.find((u, i) => users.findIndex((other) => other.name === u.name) !== i);
  if (twice) throw new MalformedValue(`lists the user ${JSON.stringify(twice.name)} twice`);
  return users;
}

function parseDbUser(entry: string, number: number): DbUser {
  const at = entry.indexOf(":");
  const name = entry.slice(0, Math.max(at, 0)).trim();
  const password = entry.slice(at + 1);
  if (name === "" || password === "") {
    throw new MalformedValue(
      `is malformed: entry ${number} is not user:password; a password with commas needs DB_USERS_FILE, one pair per line`,
    );
  }
  // deno-lint-ignore no-control-regex -- control characters are what is refused
  if (/[\u0000-\u001f\u007f]/.test(entry)) throw new MalformedValue(`has a control character in entry ${number}`);
  try {
    identifier(name);
  } catch {
    throw new MalformedValue(`has a user name longer than 63 bytes in entry ${number}`);
  }
  if (new TextEncoder().encode(password).length > 128) {
    throw new MalformedValue(
      `has a password for user ${JSON.stringify(name)} that is longer than the 128 bytes pgpool can store`,
    );
  }
  return { name, password };
}
