// The list syntaxes of the old environment variables: CONFIGS, BACKENDS, DB_USERS, PARTNER_NODES.
// Each parser returns all entries or throws MalformedValue that names the entry; never a part of a list.
import { hostName, MalformedValue } from "./env.ts";

export interface Setting {
  name: string;
  value: string;
}

/**
 * `name:value[,name:value]` with any delimiter and assignment symbols. A value may be in single or double quotes;
 * inside quotes the delimiter does not cut. Quotes around a value are taken off, a doubled quote stands for one.
 */
export function parseSettings(text: string, delimiter: string, assignment: string): Setting[] {
  if (delimiter === assignment) {
    throw new MalformedValue(`cannot be cut: delimiter and assignment symbol are both ${JSON.stringify(delimiter)}`);
  }
  return splitOutsideQuotes(text, delimiter).filter((part) => part.trim() !== "").map((part) => {
    const at = part.indexOf(assignment);
    const name = part.slice(0, at).trim();
    if (at < 0 || !/^[A-Za-z_][A-Za-z0-9_$]*(\.[A-Za-z_][A-Za-z0-9_$]*)?$/.test(name)) {
      throw new MalformedValue(`entry ${JSON.stringify(part.trim())} is not name${assignment}value`);
    }
    const value = unquote(part.slice(at + assignment.length).trim());
    // deno-lint-ignore no-control-regex -- a line break in a value would be another setting
    if (/[\u0000-\u001f\u007f]/.test(value)) {
      throw new MalformedValue(`the value of ${name} holds a control character or a line break`);
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
  if (quote !== "") throw new MalformedValue(`has an opening ${quote} without its closing one`);
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
    } catch {
      throw new MalformedValue(`entry ${JSON.stringify(host)} is not a host name or address`);
    }
  }
  const twice = hosts.find((h, i) => hosts.indexOf(h) !== i);
  if (twice !== undefined) throw new MalformedValue(`names ${JSON.stringify(twice)} twice`);
  return hosts;
}
