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
    "hostssl all all all scram-sha-256 clientcert=verify-ca",
    "host all all all ldap ldapurl=ldap://ldap.example.org/dc=example",
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
    ["host all all all scram-sha-256 map=ops", /the option map, which scram-sha-256 on a host line does not know/],
    ["host all all all md5 clientcert=verify-ca", /the option clientcert, which md5 on a host line does not know/],
    ["host all all all ldap ldapserver=a", /lacks an option that ldap needs: ldapbasedn or ldapprefix/],
    ["host all all all radius radiusservers=a", /lacks an option that radius needs: radiussecrets/],
    ['host "all all all trust', /a quote without its end/],
    ["host all all all\u00a0trust", /the character U\+00A0 in line 1, which looks like a space/],
    ["hostssl all all all cert clientcert=verify-ca", /clientcert=verify-ca, where cert takes verify-full/],
    ["hostssl all all all md5 clientcert=1", /clientcert=1, where md5 takes verify-ca or verify-full/],
    ["host all @admins all md5", /names the file @admins: write the names out/],
    ["host all all all ldap ldapserver=a ldapprefix=c ldapbasedn=b", /ldapprefix and ldapbasedn, of which only one/],
    ["host all all all ldap ldapserver=a ldapprefix=c ldapport=x", /ldapport=x, which is not a port/],
    ["host all all 10.0.0.1 ::1 trust", /10.0.0.1 without a mask/],
    ['host all all all radius radiusservers="a,b" radiussecrets="x,y,z"', /another number of radiussecrets/],
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

test("a password in a line is not told", () => {
  for (const word of ["ldapbindpasswd=hunter2", 'ldapbindpasswd="hunter2 x"', '"ldapbindpasswd=hunter2 x"']) {
    assert.throws(() => parsePgHba(`host a a all ldap ${word} x=1`), (error) => {
      const { message } = error as MalformedValue;
      return /bindpasswd=\*\*\*/.test(message) && !/hunter2/.test(message);
    }, word);
  }
});
