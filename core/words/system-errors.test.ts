import assert from "node:assert/strict";
import { test } from "node:test";
import { OperatorError } from "./errors.ts";
import { refusalOfSystem } from "./system-errors.ts";

const refused = (code: string, more: object = {}) => Object.assign(new Error(`${code}: refused`), { code, ...more });

test("refusalOfSystem() names what was refused, and what to do about it", () => {
  const table: [Error, RegExp][] = [
    [refused("EACCES", { path: "/etc/repmgr.conf" }), /may not use \/etc\/repmgr\.conf: EACCES.*user: "999:0"/],
    [refused("EPERM", { path: "postgres" }), /may not use postgres.*SETGID and SETUID/],
    [refused("EROFS", { path: "/run/postdock" }), /\/run\/postdock is on a file system that is read-only/],
    [refused("EBUSY", { path: "/data/log" }), /\/data\/log cannot be moved: .*mounted there.*PGDATA to a subdirectory/],
    [refused("ENOSPC"), /volume of this container is full.*df -h/],
    [refused("EADDRINUSE", { port: 8080, address: "::" }), /port 8080 is in use by another program.*POSTDOCK_PORT/],
    [refused("EADDRNOTAVAIL", { address: "10.0.0.9" }), /10\.0\.0\.9 is not an address of this container/],
  ];
  for (const [error, said] of table) {
    const told = refusalOfSystem(error);
    assert.match(told?.message ?? "", said);
    assert.equal(told?.exitCode, 78);
  }
});

test("refusalOfSystem() finds the refusal inside of what wraps it, and leaves bugs alone", () => {
  const inside = new Error("Could not start postgres", { cause: refused("EPERM", { path: "postgres" }) });
  assert.match(refusalOfSystem(inside)?.message ?? "", /may not use postgres: Could not start postgres/);
  const known = new OperatorError({ what: "a", fix: "b" });
  assert.equal(refusalOfSystem(known), known);
  assert.equal(refusalOfSystem(new TypeError("x is not a function")), null);
  assert.equal(refusalOfSystem(refused("ENOENT", { path: "/a" })), null);
  assert.equal(refusalOfSystem("text"), null);
});
