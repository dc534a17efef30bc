// The list syntaxes of the old variables: what was written comes back, what is malformed is refused whole.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { MalformedValue } from "./env.ts";
import { type Backend, parseBackends, parseDbUsers, parseHosts, parseSettings, type Setting } from "./list-syntax.ts";

/** Runs a parser on anything; a MalformedValue is an answer, any other error fails the test. */
const answers = <T>(parse: () => T): T | null => {
  try {
    return parse();
  } catch (error) {
    if (error instanceof MalformedValue) return null;
    throw error;
  }
};

/** Any text, control characters and letters beyond ASCII included. */
const anyText = fc.oneof(
  fc.string(),
  fc.array(fc.nat(0x24f).map((n) => String.fromCharCode(n))).map((c) => c.join("")),
);

const settingName = fc.stringMatching(/^[a-z_][a-z0-9_]{0,12}(\.[a-z_][a-z0-9_]{0,5})?$/);
const settingValue = fc.stringMatching(/^[ -~é]{0,20}$/);
const settings = fc.array(fc.record({ name: settingName, value: settingValue }, { noNullPrototype: true }), {
  maxLength: 6,
});
const symbols = fc.constantFrom([",", ":"], [";", "="], ["|", "->"], ["\u0001", ":"], ["--", "=>"], [":", ","]);
const quote = (value: string) => `'${value.replaceAll("'", "''")}'`;

test("parseSettings() gives back every setting that was written in quotes, whatever its value and the symbols", () => {
  fc.assert(fc.property(settings, symbols, (list, [delimiter = "", assignment = ""]) => {
    const text = list.map((s) => `${s.name}${assignment}${quote(s.value)}`).join(delimiter);
    assert.deepEqual(parseSettings(text, delimiter, assignment), list);
  }));
});

test("parseSettings() gives back bare values without quotes, delimiter and outer spaces", () => {
  const bare = fc.stringMatching(/^[A-Za-z0-9_.*%\/-]{1,12}( [a-z]{1,4})?$/);
  fc.assert(fc.property(fc.array(fc.record({ name: settingName, value: bare }, { noNullPrototype: true })), (list) => {
    const text = list.map((s) => ` ${s.name} : ${s.value} `).join(",");
    assert.deepEqual(parseSettings(text, ",", ":"), list);
  }));
});

const settingsTable: [string, Setting[] | null][] = [
  ["", []],
  ["a:1,", [{ name: "a", value: "1" }]],
  ["A:1", [{ name: "a", value: "1" }]],
  ["listen_addresses:'*'", [{ name: "listen_addresses", value: "*" }]],
  [`search_path:'"$user",public'`, [{ name: "search_path", value: `"$user",public` }]],
  [`archive_command:'cp "%p" /x:y'`, [{ name: "archive_command", value: `cp "%p" /x:y` }]],
  ["a:'it''s'", [{ name: "a", value: "it's" }]],
  [`a:"x" b "y"`, [{ name: "a", value: `"x" b "y"` }]],
  ["a:'1'x", [{ name: "a", value: "'1'x" }]],
  ["a:", [{ name: "a", value: "" }]],
  ["a:b:c", [{ name: "a", value: "b:c" }]],
  ["a", null],
  [":1", null],
  ["1a:1", null],
  ["a b:1", null],
  ["a:1,b", null],
  ["a:'1,b:2", null],
  ["a:it's", null],
  ["a:1\nb = 2", null],
  ["a:'1\nb = 2'", null],
  ["a:'1\u0000'", null],
  ["a.b.c:1", null],
  ["a:1,\n  b:2\n", [{ name: "a", value: "1" }, { name: "b", value: "2" }]],
];
for (const [text, expected] of settingsTable) {
  test(`parseSettings(${JSON.stringify(text)}) ${expected ? `gives ${expected.length}` : "is refused"}`, () => {
    assert.deepEqual(answers(() => parseSettings(text, ",", ":")), expected);
  });
}

test("parseSettings() refuses symbols of which one holds the other", () => {
  for (const [d, a] of [[":", ":"], [":", "::"], ["::", ":"]] as const) {
    assert.throws(() => parseSettings("a:1", d, a), MalformedValue);
  }
});

test("parseSettings() never crashes, and no value can start another line of a configuration file", () => {
  const piece = fc.constantFrom("a", "b.c", ":", ",", "'", '"', " ", "\n", "\r", "\\", "=", "''", "1");
  const text = fc.oneof(anyText, fc.array(piece, { maxLength: 30 }).map((p) => p.join("")));
  fc.assert(
    fc.property(text, symbols, (t, [d = "", a = ""]) => {
      const list = answers(() => parseSettings(t, d, a)) ?? [];
      // deno-lint-ignore no-control-regex -- control characters are what must not be there
      return list.every((s) => /^[a-z_]/.test(s.name) && !/[\u0000-\u001f\u007f]/.test(s.value));
    }),
    { numRuns: 1000 },
  );
});

test("parseSettings() never returns a part of the list: outside quotes, every entry is counted", () => {
  const piece = fc.constantFrom("a:1", "b:2", "c:'x,y'", "d:", "bad", "e:it's", " ", "");
  fc.assert(fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
    const list = answers(() => parseSettings(pieces.join(","), ",", ":"));
    const entries = pieces.filter((p) => p.trim() !== "");
    const broken = entries.some((p) => p === "bad");
    if (broken && !entries.some((p) => p.includes("it's"))) assert.equal(list, null);
    else if (list !== null && !entries.some((p) => p.includes("it's"))) assert.equal(list.length, entries.length);
  }));
});

const host = fc.stringMatching(/^[a-z0-9_][a-z0-9_.-]{0,20}$/);

test("parseHosts() gives back distinct hosts, with or without spaces around them", () => {
  fc.assert(fc.property(fc.uniqueArray(host), fc.constantFrom(",", " , ", ", "), (hosts, comma) => {
    assert.deepEqual(parseHosts(hosts.join(comma)), hosts);
  }));
});

test("parseHosts() refuses a host twice, two words, and what is not a host", () => {
  for (const text of ["a,a", "a b", "a,-b", "a;b", "a,b/c", "a,'b'"]) {
    assert.throws(() => parseHosts(text), MalformedValue, text);
  }
  assert.deepEqual(parseHosts(",a,,b,"), ["a", "b"]);
});

/** Without what an IPv6 address begins with, as "2001": an entry that has it in this position is refused. */
const backendHost = host.filter((name) => !/^([23][0-9a-f]{3}|f[cde][0-9a-f]{2})$/.test(name));
const backend: fc.Arbitrary<Backend> = fc.record({
  id: fc.integer({ min: 0, max: 127 }),
  host: backendHost,
  port: fc.integer({ min: 1, max: 65535 }),
  weight: fc.integer({ min: 0, max: 999 }),
  dataDirectory: fc.stringMatching(/^\/[a-z0-9_.\/-]{1,20}$/),
  flag: fc.constantFrom("ALLOW_TO_FAILOVER", "DISALLOW_TO_FAILOVER", "DISALLOW_TO_FAILOVER|ALWAYS_PRIMARY"),
}, { noNullPrototype: true });
const backends = fc.uniqueArray(backend, { selector: (b) => b.id, maxLength: 6 });

test("parseBackends() gives back every backend that was written in full, in its order", () => {
  fc.assert(fc.property(backends, (list) => {
    const text = list.map((b) => [b.id, b.host, b.port, b.weight, b.dataDirectory, b.flag].join(":")).join(",");
    assert.deepEqual(parseBackends(text), list);
  }));
});

test("parseBackends() gives the defaults of 1.x to positions that are empty or left out", () => {
  const expected = [{
    id: 1,
    host: "h",
    port: 5432,
    weight: 1,
    dataDirectory: "/var/lib/postgresql/data",
    flag: "ALLOW_TO_FAILOVER",
  }];
  for (const text of ["1:h::::", "1:h", "1:h:", " 1 : h : 5432", "1:h::::,"]) {
    assert.deepEqual(parseBackends(text), expected);
  }
});

test("parseBackends() refuses each position malformed, naming the entry", () => {
  const malformed = [
    "h",
    ":h",
    "x:h",
    "-1:h",
    "128:h",
    "1",
    "1:",
    "1:-h",
    "1:a b",
    "1:a'b",
    "1:h:0",
    "1:h:65536",
    "1:h:x",
    "1:h:-1",
    "1:h::-1",
    "1:h::x",
    "1:h:::data",
    "1:h:::/a b",
    "1:h:::/a'b",
    "1:h::::ALLOW",
    "1:h::::ALLOW_TO_FAILOVER|",
    "1:h::::ALLOW_TO_FAILOVER|DISALLOW_TO_FAILOVER",
    "1:h:::::",
    "1:h:1:1:/d:ALLOW_TO_FAILOVER:x",
    "1:a,1:b",
    "01:a,1:b",
  ];
  for (const text of malformed) assert.throws(() => parseBackends(text), MalformedValue, text);
  for (const text of malformed.filter((t) => !t.includes(","))) {
    assert.throws(
      () => parseBackends(`0:good,${text}`),
      (error: Error) => error.message.includes(JSON.stringify(text)),
    );
  }
});

const userName = fc.stringMatching(/^[A-Za-z_][A-Za-z0-9_$é-]{0,15}$/);
const password = fc.stringMatching(/^[ -~é]{1,30}$/);
const users = fc.uniqueArray(fc.record({ name: userName, password }, { noNullPrototype: true }), {
  selector: (u) => u.name,
  maxLength: 5,
});

test("parseDbUsers() gives back users of a file, one a line, with any password", () => {
  fc.assert(fc.property(users, fc.constantFrom("\n", "\r\n"), (list, end) => {
    const text = list.map((u) => `${u.name}:${u.password}`).join(end);
    assert.deepEqual(parseDbUsers(text, "file"), list);
  }));
});

test("parseDbUsers() gives back users between commas, passwords without commas", () => {
  fc.assert(fc.property(users, (list) => {
    const clean = list.map((u) => ({ ...u, password: u.password.replaceAll(",", ";") }));
    assert.deepEqual(parseDbUsers(clean.map((u) => `${u.name}:${u.password}`).join(",")), clean);
  }));
});

test("parseDbUsers() takes a comma of a one-line file as part of the password", () => {
  assert.deepEqual(parseDbUsers("a:b,c:d", "file"), [{ name: "a", password: "b,c:d" }]);
  assert.equal(parseDbUsers("a:b,c:d").length, 2);
});

test("parseDbUsers() refuses what is not a pair, and names neither password nor value", () => {
  const long = "x".repeat(129);
  for (const text of ["a", ":topsecret", " :topsecret", "a:", "a:topsecret,b", "a:topsecret,a:other", `a:${long}`]) {
    assert.throws(() => parseDbUsers(text), (error: Error) => {
      assert.ok(error instanceof MalformedValue, text);
      return !error.message.includes("topsecret") && !error.message.includes(long);
    }, text);
  }
  assert.throws(() => parseDbUsers("a:b\u0000c"), MalformedValue);
  assert.throws(() => parseDbUsers(`${"u".repeat(64)}:p`), MalformedValue);
  assert.equal(parseDbUsers("a:" + "x".repeat(128))[0]!.password.length, 128);
});

test("no parser ever crashes or returns a part of what it was given", () => {
  const piece = fc.constantFrom("0", "1", "a", ":", ",", "\n", "\r", " ", "/", "|", "ALLOW_TO_FAILOVER", "'", "\u0000");
  const text = fc.oneof(anyText, fc.array(piece, { maxLength: 25 }).map((p) => p.join("")));
  fc.assert(
    fc.property(text, (t) => {
      const parts = (separator: string) => t.split(separator).filter((p) => p.trim() !== "").length;
      const hosts = answers(() => parseHosts(t));
      if (hosts) assert.equal(hosts.length, parts(","));
      const found = answers(() => parseBackends(t));
      if (found) assert.equal(found.length, parts(","));
      const logins = answers(() => parseDbUsers(t, "file"));
      if (logins) assert.equal(logins.length, parts("\n"));
      assert.ok((logins ?? []).every((u) => u.name !== "" && u.password !== ""));
    }),
    { numRuns: 2000 },
  );
});
