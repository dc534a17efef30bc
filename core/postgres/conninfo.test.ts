// Quoting: whatever a name, a password or a value holds, the reader on the other side gets it back.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { HostAuthMethod } from "../../config/shared.ts";
import { usualVersions } from "../../config/image-versions.ts";
import type { TlsMode } from "../../config/tls.ts";
import { tlsPaths } from "./tls.ts";
import { conninfoValue, quoteSetting, renderConninfo, renderPgpassLine, type Trust } from "./conninfo.ts";

const odd = fc.oneof(
  fc.string(),
  fc.array(fc.constantFrom("'", "\\", " ", "=", "a", ":", "\t", "é", '"')).map((c) => c.join("")),
);
const key = fc.constantFrom("host", "user", "dbname", "application_name", "passfile");

const plain = (hostAuthMethod: HostAuthMethod): Trust => ({
  hostAuthMethod,
  tls: "off",
  imageVersions: usualVersions,
});

test("a conninfo string gives back every value that was put in", () => {
  fc.assert(fc.property(fc.dictionary(key, odd), (parts) => {
    const text = renderConninfo(parts, plain("scram-sha-256"));
    for (const [name, value] of Object.entries(parts)) assert.equal(conninfoValue(text, name), value);
  }));
});

test("a keyword that is not there is undefined, also where a value looks like one", () => {
  fc.assert(
    fc.property(
      odd,
      (value) => conninfoValue(renderConninfo({ user: value }, plain("trust")), "hostaddr") === undefined,
    ),
  );
  assert.equal(conninfoValue(renderConninfo({ user: "x host=evil", host: "good" }, plain("md5")), "host"), "good");
});

test("conninfo as libpq's users write it is read, spaces around = included", () => {
  assert.equal(conninfoValue("host = a  port=5432 user='b c'", "host"), "a");
  assert.equal(conninfoValue("host = a  port=5432 user='b c'", "user"), "b c");
  assert.equal(conninfoValue("user='it\\'s'", "user"), "it's");
  assert.equal(conninfoValue("host=a\\ b", "host"), "a b");
});

/** Reads a pgpass line as libpq does: a backslash takes the next character as it is, a colon ends a field. */
function pgpassFields(line: string): string[] {
  const fields: string[] = [];
  let field = "";
  for (let i = 0; i < line.length; i++) {
    if (line.charAt(i) === "\\" && i + 1 < line.length) field += line.charAt(++i);
    else if (line.charAt(i) === ":") field = (fields.push(field), "");
    else field += line.charAt(i);
  }
  fields.push(field);
  return fields;
}

test("a conninfo string says that TLS is preferred, whatever PGSSLMODE is", () => {
  const text = renderConninfo({ host: "pg1", port: 5432 }, plain("scram-sha-256"));
  assert.match(text, /^host=pg1 port=5432 sslmode=prefer /);
});

test("with TLS=auto and TLS=require a conninfo string asks for a certificate with the name of the host", () => {
  const modeOf = (tls: TlsMode) => {
    const text = renderConninfo({ host: "pg1" }, { ...plain("scram-sha-256"), tls });
    return [conninfoValue(text, "sslmode"), conninfoValue(text, "sslrootcert")];
  };
  for (const tls of ["auto", "require"] as const) assert.deepEqual(modeOf(tls), ["verify-full", tlsPaths.authorities]);
  for (const tls of ["off", "prefer"] as const) assert.deepEqual(modeOf(tls), ["prefer", undefined]);
});

test("a conninfo string shows the password to no server that asks otherwise than POSTGRES_HOST_AUTH_METHOD says", () => {
  const asked = (method: HostAuthMethod) =>
    conninfoValue(renderConninfo({ host: "pg1" }, plain(method)), "require_auth");
  for (const method of ["scram-sha-256", "reject", "cert"] as const) assert.equal(asked(method), "scram-sha-256");
  assert.equal(asked("md5"), "scram-sha-256,md5");
  assert.equal(asked("password"), "scram-sha-256,password");
  assert.equal(asked("trust"), "scram-sha-256,none");
});

test("a libpq before 16 is not given what it does not know", () => {
  const text = (postgres: string) =>
    renderConninfo({ host: "pg1" }, { ...plain("scram-sha-256"), imageVersions: { postgres } });
  assert.equal(conninfoValue(text("15"), "require_auth"), undefined);
  assert.equal(conninfoValue(text("16"), "require_auth"), "scram-sha-256");
});

test("a pgpass line has five fields, and the last two are user and password", () => {
  fc.assert(fc.property(odd, odd, (user, password) => {
    assert.deepEqual(pgpassFields(renderPgpassLine(user, password).slice(0, -1)), ["*", "*", "*", user, password]);
  }));
});

test("a quoted setting is read back by PostgreSQL's rules", () => {
  fc.assert(fc.property(odd, (value) => {
    const text = quoteSetting(value);
    if (/^(-?\d+(\.\d+)?|on|off)$/.test(value)) return assert.equal(text, value);
    assert.match(text, /^'([^'\\]|''|\\\\)*'$/s);
    assert.equal(text.slice(1, -1).replaceAll("''", "'").replaceAll("\\\\", "\\"), value);
  }));
});
