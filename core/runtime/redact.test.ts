// Secrets in every form in which a program may write them.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { quotePoolSetting, quoteSetting, renderConninfo, renderPgpassLine } from "../postgres/conninfo.ts";
import { lineSplitter, longestLine } from "./lines.ts";
import { redactor } from "./redact.ts";

test("redactor() replaces the longer secret first, and none of under four characters", () => {
  assert.equal(redactor(["pass", "password"])("password pass"), "*** ***");
  assert.equal(redactor(['a"bc'])('{"x":"a\\"bc"}'), '{"x":"***"}');
  assert.equal(redactor(["abc"])("abc"), "abc");
  assert.equal(redactor([])("abc"), "abc");
});

const ascii = (json: string) => json.replace(/[^ -~]/g, (c) => "\\u" + c.charCodeAt(0).toString(16).padStart(4, "0"));
const literal = (s: string) => `'${s.replaceAll("'", "''")}'`;

/** How programs write a secret that they show. */
const writers: Readonly<Record<string, (s: string) => string>> = {
  "it is": (s) => s,
  "JSON": (s) => JSON.stringify(s),
  "JSON within JSON": (s) => JSON.stringify({ line: JSON.stringify({ s }) }),
  "JSON in ASCII": (s) => ascii(JSON.stringify(s)),
  "an SQL literal": literal,
  "an SQL literal with escapes": (s) => `E${literal(s.replaceAll("\\", "\\\\"))}`,
  "an SQL identifier": (s) => `"${s.replaceAll('"', '""')}"`,
  "a statement in JSON": (s) => JSON.stringify({ statement: `alter role a password ${literal(s)}` }),
  "a setting": quoteSetting,
  "a setting of pgpool": quotePoolSetting,
  "a connection string": (s) =>
    renderConninfo({ password: s }, { hostAuthMethod: "scram-sha-256", tls: "off", imageVersions: { postgres: "17" } }),
  "a line of pgpass": (s) => renderPgpassLine("u", s),
  "a part of an address": (s) => `postgres://u:${encodeURIComponent(s)}@h/`,
  "a part of an address in lower case": (s) => encodeURIComponent(s).replace(/%../g, (hex) => hex.toLowerCase()),
  "a field of a form": (s) => new URLSearchParams({ s }).toString(),
};

const awkward = fc.constantFrom("'", '"', "\\", ":", "a", "u", "0", "%", " ", "é", "+", "\u{1f511}");
const secret = fc.oneof(
  fc.string({ minLength: 4, maxLength: 20 }),
  fc.string({ minLength: 4, maxLength: 12, unit: awkward }),
)
  .filter((s) => !/^[\s*]*$/.test(s));

for (const [form, write] of Object.entries(writers)) {
  test(`a secret does not show in a text that has it as ${form}`, () => {
    // quotes and backslashes beside it may go with it
    const shown = (s: string) => redactor([s])(write(s)).replaceAll(/[\\'"]*\*\*\*[\\'"]*/g, "***");
    const whole = (s: string) => write(s).length - write("").length;
    fc.assert(fc.property(secret.filter((s) => whole(s) > 0), (s) => {
      if (redactor([s])(write("")) !== write("")) return; // the secret is a word of the frame
      assert.equal(shown(s), shown("@@@@"));
    }));
  });
}

test("a secret of basic authentication does not show, whatever the name before it and the text after it", () => {
  fc.assert(fc.property(fc.string({ maxLength: 8 }), fc.string({ maxLength: 8 }), (before, after) => {
    for (const kind of ["base64", "base64url"] as const) {
      const encoded = Buffer.from(`${before}:a/long+pass?word~${after}`).toString(kind);
      assert.match(redactor(["a/long+pass?word~"])(`Basic ${encoded}`), /^Basic .{0,44}\*\*\*.{0,44}$/);
    }
  }));
});

test("a line that was cut within a secret does not show its beginning", () => {
  const secret = "qu'otéd\\secret";
  const written = ascii(JSON.stringify(literal(secret)).slice(2, -2));
  for (let kept = 0; kept <= written.length; kept++) {
    const lines: string[] = [];
    const splitter = lineSplitter((line) => lines.push(line));
    splitter.push("x".repeat(longestLine - kept) + written + "\n");
    assert.match(redactor([secret])(lines[0]!), /^x+(\*\*\*|)( \.\.\. \(cut: .*\))?$/);
  }
});

test("many secrets, and long ones, can be hidden", () => {
  const many = Array.from({ length: 500 }, (_, i) => `${i}-${"secret'".repeat(20)}`);
  assert.equal(redactor(many)(many.join(" ")), many.map(() => "***").join(" "));
});

test("a text that nearly holds a secret takes no long time: backslashes and quotes in any number", () => {
  const redact = redactor(["\\".repeat(20) + "a", "'".repeat(20) + "a", `a'"'"'"'"'"b`, "u".repeat(20) + "x"]);
  for (const part of ["\\", "'", "\\'", `'"`, "\\u0027", "\\u0075"]) {
    assert.doesNotMatch(redact(part.repeat(20_000)), /\*/);
  }
});
