// Reading variables: defaults, NAME_FILE, all problems at once, and secrets that never appear.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { env, flag, identifier, integer, MalformedValue, oneOf, plainText, readConfig, type ReadDeps } from "./env.ts";
import { hostName } from "./host-name.ts";

/** Any text, control characters and letters beyond ASCII included. */
const anyText = fc.oneof(
  fc.string(),
  fc.array(fc.nat(0x24f).map((n) => String.fromCharCode(n))).map((c) => c.join("")),
);

const variables = {
  size: env("SIZE", integer(1, 10), { fallback: 3, accepts: "1 to 10", doc: "A size." }),
  name: env("NAME", plainText, { fallback: "", accepts: "a name", doc: "A name.", required: true }),
  token: env("TOKEN", (text) => {
    if (text.length < 4) throw new MalformedValue("is too short");
    return text;
  }, { fallback: "", accepts: "four characters", doc: "A secret.", secret: true }),
  lines: env("LINES", (text, source) => `${source}:${text}`, { fallback: "", accepts: "text", doc: "Its source." }),
};

const noFiles: ReadDeps["readFile"] = (path) => {
  throw Object.assign(new Error(`no ${path}`), { code: "ENOENT" });
};
const read = (environment: Record<string, string>, readFile = noFiles) =>
  readConfig(variables, { environment, readFile });

const problemsOf = (environment: Record<string, string>, readFile = noFiles) => {
  const result = read(environment, readFile);
  assert.ok(!result.ok);
  return result.problems;
};

test("an unset and an empty variable take the default", () => {
  for (const empty of [{} as Record<string, string>, { SIZE: "", TOKEN: "" }]) {
    const result = read({ NAME: "n", ...empty });
    assert.ok(result.ok);
    assert.equal(result.config.size, 3);
    assert.deepEqual([...result.given], ["NAME"]);
  }
});

test("all problems are reported together, each with its variable and what is accepted", () => {
  const problems = problemsOf({ SIZE: "11", TOKEN: "abc" });
  assert.deepEqual(problems.map((p) => p.variable), ["SIZE", "NAME", "TOKEN"]);
  assert.match(problems[0]!.message, /SIZE: "11" is not between 1 and 10/);
  assert.match(problems[0]!.fix, /1 to 10/);
  assert.match(problems[1]!.fix, /NAME_FILE/);
});

test("the value of a secret is in no problem", () => {
  fc.assert(fc.property(fc.stringMatching(/^[a-z]{3}$/), (secret) => {
    const text = JSON.stringify(problemsOf({ NAME: "n", TOKEN: secret }).map((p) => p.message.replace("TOKEN", "")));
    return !text.includes(`"${secret}`) && text.includes("not shown");
  }));
});

test("NAME_FILE gives the value without its last line break, and its source", () => {
  for (const content of ["five", "five\n", "five\r\n"]) {
    const result = read({ NAME_FILE: "/run/name", LINES_FILE: "/run/lines" }, () => content);
    assert.ok(result.ok);
    assert.equal(result.config.name, "five");
    assert.equal(result.config.lines, "file:five");
  }
  const direct = read({ NAME: "n", LINES: "x" });
  assert.ok(direct.ok && direct.config.lines === "environment:x");
});

test("NAME and NAME_FILE together are one problem", () => {
  const problems = problemsOf({ NAME: "n", NAME_FILE: "/run/name" }, () => "m");
  assert.deepEqual(problems.map((p) => p.message), ["NAME and NAME_FILE are both set"]);
});

test("a file that cannot be read is one problem that names the path and the reason", () => {
  const problems = problemsOf({ NAME_FILE: "/run/name" });
  assert.equal(problems.length, 1);
  assert.equal(problems[0]!.variable, "NAME_FILE");
  assert.match(problems[0]!.message, /\/run\/name.*ENOENT/);
});

test("an empty file counts as unset; that of a secret is refused, since its default is known to everybody", () => {
  assert.match(problemsOf({ NAME_FILE: "/run/name" }, () => "\n")[0]!.message, /NAME is not set/);
  for (const text of ["", "\n", " \r\n"]) {
    const [problem, ...more] = problemsOf({ NAME: "n", TOKEN_FILE: "/run/token" }, () => text);
    assert.deepEqual(more, []);
    assert.equal(problem!.message, "TOKEN_FILE names /run/token, which is empty");
    assert.match(problem!.fix, /write the value into it, or remove TOKEN_FILE/);
  }
});

test("a missing variable carries the exit code that a contract fixes", () => {
  const host = env("HOST", hostName, { fallback: "", accepts: "a host", doc: "", required: true, requiredExitCode: 1 });
  const result = readConfig({ host }, { environment: {}, readFile: noFiles });
  assert.ok(!result.ok && result.problems[0]!.exitCode === 1);
});

test("what Kubernetes sets for a Service of that name is named as such", () => {
  const port = env("REPLICATION_PORT", integer(1, 65535), { fallback: 5432, accepts: "a port", doc: "" });
  const result = readConfig({ port }, { environment: { REPLICATION_PORT: "tcp://10.1.2.3:5432" }, readFile: noFiles });
  assert.ok(!result.ok);
  assert.match(result.problems[0]!.fix, /enableServiceLinks: false/);
});

test("a bug in a parser is not taken for a malformed value", () => {
  const parse = (): string => {
    throw new TypeError("a bug");
  };
  const broken = env("BROKEN", parse, { fallback: "", accepts: "", doc: "" });
  assert.throws(() => readConfig({ broken }, { environment: { BROKEN: "x" }, readFile: noFiles }), TypeError);
});

test("integer() takes exactly the decimal numbers between its bounds", () => {
  fc.assert(fc.property(fc.integer({ min: -50, max: 50 }), (n) => {
    const inside = n >= -10 && n <= 10;
    const parse = () => integer(-10, 10)(String(n));
    if (inside) assert.equal(parse(), n);
    else assert.throws(parse, MalformedValue);
  }));
  assert.deepEqual(["-10", "10"].map(integer(-10, 10)), [-10, 10]);
  for (const text of ["-11", "11"]) assert.throws(() => integer(-10, 10)(text), MalformedValue);
  for (const text of ["", " 1", "1 ", "1.0", "1e1", "0x1", "+1", "١", "NaN", "1".repeat(16)]) {
    assert.throws(() => integer(0, 100)(text), MalformedValue, text);
  }
});

test("flag() takes the common words of both answers and refuses the rest", () => {
  for (const text of ["1", "true", "TRUE", "yes", "on"]) assert.equal(flag(text), true);
  for (const text of ["0", "false", "No", "off"]) assert.equal(flag(text), false);
  for (const text of ["2", "-1", "maybe", " 1", "01"]) assert.throws(() => flag(text), MalformedValue, text);
});

test("oneOf() takes a word in any case and gives it as listed", () => {
  assert.equal(oneOf(["INFO", "ERROR"])("info"), "INFO");
  assert.throws(() => oneOf(["INFO"])("inf"), MalformedValue);
});

test("hostName() refuses what could be taken for an option, a path or a second word", () => {
  for (const text of ["pg-1", "pg_1.example.org", "10.0.0.1", "a"]) assert.equal(hostName(text), text);
  for (const text of ["-h", "a b", "a/b", "a'b", "a\nb", "", "é", "a".repeat(254), "a:b"]) {
    assert.throws(() => hostName(text), MalformedValue, text);
  }
  for (const text of ["fe80::1", "[fe80::1]", "::1"]) {
    assert.throws(() => hostName(text), { message: /is an IPv6 address, which is not accepted: give it a name/ }, text);
  }
});

test("identifier() counts bytes, not characters", () => {
  assert.equal(identifier("é".repeat(31)), "é".repeat(31));
  assert.throws(() => identifier("é".repeat(32)), MalformedValue);
  assert.throws(() => identifier("a\u0000b"), MalformedValue);
});

test("whatever the environment holds, readConfig() answers with values or problems and never throws", () => {
  const environment = fc.dictionary(
    fc.constantFrom("SIZE", "NAME", "TOKEN", "LINES", "NAME_FILE", "SIZE_FILE", "TOKEN_FILE", "toString"),
    fc.oneof(anyText, fc.constantFrom("", "1", "/f")),
  );
  fc.assert(fc.property(environment, fc.option(fc.string()), (vars, content) => {
    const result = read(vars, content === null ? noFiles : () => content);
    return result.ok ? typeof result.config.size === "number" : result.problems.length > 0;
  }));
});
