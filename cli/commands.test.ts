// The command line: help, usage errors, exit codes, and what reaches a command.
import assert from "node:assert/strict";
import { test } from "node:test";
import { runCommandLine } from "./commands.ts";
import { runParsed } from "./command-parser.ts";
import type { Context, Given } from "../core/runtime/context.ts";
import { ExitCode } from "../core/words/errors.ts";
import { systemClock } from "../core/runtime/time.ts";

async function type(
  args: string[],
  environment: Record<string, string> = {},
  argv0 = "postdock",
  fails: Error | null = null,
) {
  const out: string[] = [];
  const err: string[] = [];
  const context: Context = {
    environment,
    readFile: (path) => {
      throw Object.assign(new Error(path), { code: "ENOENT" });
    },
    clock: systemClock,
    print: (line) => {
      if (fails !== null) throw fails;
      out.push(line);
    },
    terminal: () => null,
    complain: (line) => err.push(line),
    onInput: () => {},
    onSignal: () => {},
  };
  const code = await runCommandLine(context, argv0, args);
  return { code, out: out.join("\n"), err: err.join("\n") };
}

test("--help and --version succeed and go to stdout", async () => {
  const help = await type(["--help"]);
  assert.equal(help.code, ExitCode.ok);
  assert.match(help.out, /healthcheck/);
  assert.equal(help.err, "");
  assert.match((await type(["--version"])).out, /^\d+\.\d+/);
});

test("a full volume is not taken for a bug", async () => {
  const full = Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC" });
  const { code, err } = await type(["--version"], {}, "postdock", full);
  assert.equal(code, ExitCode.config);
  assert.match(err, /^postdock: A volume of this container is full: ENOSPC.*Fix: see which one with df -h/);
  assert.equal((await type(["--version"], {}, "postdock", new Error("other"))).code, ExitCode.bug);
});

test("the help of a command says its exit codes", async () => {
  assert.match((await type(["healthcheck", "has-enough-backends", "--help"])).out, /Exit codes: 0 yes, 1 no/);
});

test("a wrong command line exits with 64 and says so on stderr", async () => {
  for (
    const args of [
      [],
      ["nonsense"],
      ["config"],
      ["config", "nonsense"],
      ["config", "check", "--nonsense"],
      ["config", "reference", "pgpool", "more"],
      ["config", "reference", "nonsense"],
    ]
  ) {
    const { code, err } = await type(args);
    assert.equal(code, ExitCode.usage, args.join(" "));
    assert.notEqual(err, "", args.join(" "));
  }
});

test("a wrong configuration exits with 78, or with the code that 1.x promised", async () => {
  assert.equal((await type(["postgres-node", "node-id"])).code, ExitCode.config);
  assert.equal((await type(["barman", "entrypoint"])).code, 1);
  assert.equal((await type(["barman", "entrypoint"], { REPLICATION_HOST: "a", POSTGRES_USER: "b" })).code, 3);
});

test("an error names every problem and its fix, and never a secret", async () => {
  const { code, err } = await type(["pgpool", "entrypoint"], { DB_USERS: "topsecret", BACKENDS: "x", PCP_USER: "a:b" });
  assert.equal(code, ExitCode.config);
  for (const name of ["DB_USERS", "BACKENDS", "PCP_USER"]) assert.ok(err.includes(name), name);
  assert.ok(!err.includes("topsecret"));
});

test("a command that is called by an old name ignores extra arguments", async () => {
  const { code, out } = await type(["more", "words"], {}, "/usr/local/bin/get_repmgr_schema");
  assert.equal(code, ExitCode.ok);
  assert.equal(out, "repmgr");
});

test("repmgr's texts reach the event command, even if they begin with a dash", async () => {
  const { code, err } = await type(["postgres-node", "event", "1", "standby_promote", "1", "now", "--details -x"]);
  assert.equal(code, ExitCode.ok);
  assert.equal(err, "");
});

test("config reference prints one role, or all roles", async () => {
  const one = await type(["config", "reference", "barman"]);
  assert.equal(one.code, ExitCode.ok);
  assert.match(one.out, /BACKUP_SCHEDULE/);
  assert.doesNotMatch(one.out, /`BACKENDS`/);
  assert.match((await type(["config", "reference"])).out, /`BACKENDS`/);
});

test("options reach a command as values, before and after its arguments, with = and without", async () => {
  const got: Given[] = [];
  const keep = (_: unknown, given: Given) => {
    got.push(given);
    return Promise.resolve(ExitCode.ok);
  };
  const silent = { print: () => {}, complain: () => {} };
  for (
    const words of [
      "cluster switchover --to=a=b --json",
      "cluster switchover --to --json",
      "cluster failover --yes --force n1",
      "cluster reinit --json n1",
      "cluster reinit n1",
      "barman list",
    ]
  ) await runParsed(words.split(" "), silent, keep, false);
  assert.deepEqual(got, [
    { args: [], options: { to: "a=b", json: true } },
    { args: [], options: { to: "--json" } },
    { args: [], options: { yes: true, force: "n1" } },
    { args: ["n1"], options: { json: true } },
    { args: ["n1"], options: {} },
    { args: [], options: {} },
  ]);
});
