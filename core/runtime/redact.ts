// PURE: takes secrets out of a text, in each form in which a program may have written them.
import { cutMark } from "./lines.ts";

/** A shorter secret stays, since it would blank ordinary words. The same holds of the base64 of one, characters. */
const shortest = { plain: 4, base64: 8 };

/** Room for cutMark, characters: it is looked for at the end only. */
const longestMark = 100;
/** How many characters one of a secret may become. */
const longestForm = 16;

/**
 * Replaces every secret in a text by ***: as it is, with escapes (JSON, SQL, connection strings, up to three levels), in an address
 * and in base64. A line that was cut may end within a secret, so that its end is taken away.
 */
export function redactor(secrets: readonly string[]): (text: string) => string {
  const hidden = [...new Set(secrets)].filter((s) => s.length >= shortest.plain).sort((a, b) => b.length - a.length);
  const patterns = hidden.map((s) => new RegExp([escapedForms(s), ...base64Forms(s)].join("|"), "g"));
  const doubtful = longestForm * (hidden[0]?.length ?? 0);
  return (text) => {
    const shown = patterns.reduce((t, pattern) => t.replace(pattern, "***"), text);
    const mark = cutMark.exec(shown.slice(-longestMark))?.[0];
    return mark === undefined ? shown : shown.slice(0, -mark.length).slice(0, -doubtful || undefined) + mark;
  };
}

/** Each run of one character, in any of its forms. Backslashes are counted, so that matching stays linear. */
function escapedForms(secret: string): string {
  return runsOf(secret).map(({ char, count }) => run(char, count)).join("");
}

function runsOf(secret: string): { char: string; count: number }[] {
  const runs: { char: string; count: number }[] = [];
  for (const char of secret) {
    const last = runs.at(-1);
    if (last?.char === char) last.count++;
    else runs.push({ char, count: 1 });
  }
  return runs;
}

/** One character so many times: SQL doubles quotes, JSON and libpq put a backslash before some characters. */
function run(char: string, count: number): string {
  const other = [...hexForms(char), ...(char === " " ? ["\\+"] : [])];
  if (char === "\\") return `(?:${other.join("|")}|\\\\){${count},${count * 8}}`;
  const doubled = char === "'" || char === '"' ? 2 : 1;
  return `(?:${other.join("|")}|\\\\{0,7}${RegExp.escape(char)}){${count},${count * doubled}}`;
}

/** As an address writes it (%C3%A9) and as JSON may (\u00e9), in either case. */
function hexForms(char: string): string[] {
  const either = (hex: string) => hex.replace(/[a-f]/g, (c) => `[${c}${c.toUpperCase()}]`);
  const bytes = [...Buffer.from(char)].map((byte) => "%" + either(byte.toString(16).padStart(2, "0")));
  const units = Array.from({ length: char.length }, (_, i) => char.charCodeAt(i).toString(16).padStart(4, "0"));
  return [bytes.join(""), units.map((unit) => `\\\\{1,7}u${either(unit)}`).join("")];
}

/** What base64 of any text makes of a secret within it: the three ways in which its bytes can lie. */
function base64Forms(secret: string): string[] {
  const forms = [0, 1, 2].map((before) => {
    const bytes = Buffer.concat([Buffer.alloc(before), Buffer.from(secret)]);
    return bytes.toString("base64").slice(Math.ceil(before * 8 / 6), Math.floor(bytes.length * 8 / 6));
  });
  return forms.filter((form) => form.length >= shortest.base64).map((form) =>
    RegExp.escape(form).replaceAll("\\+", "[+-]").replaceAll("\\/", "[/_]")
  );
}
