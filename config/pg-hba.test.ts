// Which lines for pg_hba.conf are taken.
import assert from "node:assert/strict";
import { test } from "node:test";
import { MalformedValue } from "./env.ts";
import { parsePgHba } from "./pg-hba.ts";

test("lines of each kind are taken as they are, without comments and empty ones", () => {
  const lines = [
    "local all all peer map=ops",
    "host all all 10.0.0.0/8 scram-sha-256",
    "hostssl app,reports app 10.0.0.0 255.0.0.0 cert clientcert=verify-full",
    'hostnossl all "a b","c;d" all reject',
    "host all +dba ::1/128 md5",
    'host sameuser all .example.org ldap ldapserver=ldap.example.org ldapprefix="cn="',
    "host all all samenet scram-sha-256",
  ];
  assert.deepEqual(parsePgHba(["# mine", ...lines, "", "  "].join("\r\n"), "file"), lines);
  assert.deepEqual(parsePgHba("host all all 10.0.0.0/8 scram-sha-256; local all all trust;"), [
    "host all all 10.0.0.0/8 scram-sha-256",
    "local all all trust",
  ]);
});

test("a line that PostgreSQL would not read is refused with its number and the reason", () => {
  const table: [string, RegExp][] = [
    ["hosts all all all trust", /line 1 .* begins with "hosts"/],
    ["include other.conf", /begins with "include"/],
    ["host all all 10.0.0.0/8", /has 4 fields, and host has at least 5/],
    ["local all all", /has 3 fields, and local has at least 4/],
    ["host all all 10.0.0.0/33 trust", /"10.0.0.0\/33" in place of an address/],
    ["host all all 10.0.0.7 trust", /the address 10.0.0.7 without a mask: write 10.0.0.7\/32/],
    ["host all all all scram", /"scram" in place of a method/],
    ["host all all all peer", /peer, which is for local lines only/],
    ["host all all all cert", /cert, which is for hostssl lines only/],
    ["host all all all trust now", /"now" behind the method/],
    ['host "all all all trust', /a quote without its end/],
    ["local all all trust; host all", /line 2 \(host all\)/],
  ];
  for (const [text, pattern] of table) {
    assert.throws(
      () => parsePgHba(text),
      (error) => error instanceof MalformedValue && pattern.test(error.message),
      text,
    );
  }
});
