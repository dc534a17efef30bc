// One door per package and per effect: what changes the world, or comes from outside, is used in one place.
import assert from "node:assert/strict";
import { test } from "node:test";
import { readProgram, type Source, toSource } from "./sources.ts";

interface Door {
  what: string;
  /** packages that only these files import */
  packages?: readonly string[];
  /** code that only these files hold */
  code?: RegExp;
  files: readonly string[];
}

const doors: readonly Door[] = [
  {
    what: "processes",
    packages: ["node:child_process"],
    code: /\b(Deno\.Command|Bun\.spawn)\b/,
    files: ["core/runtime/command.ts", "core/runtime/supervisor.ts"],
  },
  {
    what: "files",
    packages: ["node:fs", "node:fs/promises", "node:zlib"],
    files: ["main.ts", "core/runtime/access.ts", "core/runtime/files.ts", "core/runtime/proc.ts"],
  },
  {
    what: "clocks and timers",
    packages: ["node:timers", "node:timers/promises", "node:perf_hooks"],
    code: /\b(setTimeout|setInterval|setImmediate|Date\.now|performance\.now|new Date\(\s*\))/,
    files: ["core/runtime/time.ts", "cli/map/script.ts"], // that script runs in the reader's browser
  },
  {
    what: "timeouts of requests",
    code: /AbortSignal\.timeout/,
    files: ["core/client/kubernetes-pods.ts", "core/client/peers.ts", "core/client/webhook.ts"],
  },
  { what: "listeners of abort signals", code: /addEventListener\("abort"/, files: ["core/runtime/time.ts"] },
  {
    what: "HTTP apps",
    packages: ["hono", "hono/body-limit"],
    files: ["core/http/app.ts", "core/http/control.ts"],
  },
  {
    what: "pages",
    packages: ["hono/html", "hono/jsx", "hono/jsx/jsx-runtime"],
    files: ["page", "parts/backups", "parts/details", "parts/shared", "parts/top", "parts/tree"].map((f) =>
      `cli/map/${f}.tsx`
    ),
  },
  { what: "servers", code: /\bcreateServer\(/, files: ["core/http/serve.ts"] },
  { what: "metrics", packages: ["prom-client"], files: ["core/http/metrics.ts"] },
  {
    what: "HTTP requests",
    packages: ["node:http", "node:https"],
    code: /\bfetch\(/,
    files: ["kubernetes-pods", "own-agent", "peers", "tls-agent", "webhook"].map((f) => `core/client/${f}.ts`),
  },
  { what: "orders between containers", code: /["'`]\/control\/[a-z]/, files: ["core/protocol/orders.ts"] },
  { what: "the command line's parser", packages: ["commander"], files: ["cli/command-parser.ts"] },
  { what: "YAML", packages: ["yaml"], files: ["roles/postgres-node/tools/queries-file.ts"] },
  { what: "cron expressions", packages: ["croner"], files: ["config/cron.ts"] },
  {
    what: "the process: arguments, signals, exit",
    code: /process\.(argv|argv0|exit|on|once|stdout|stderr|stdin)\b/,
    files: ["main.ts"],
  },
  { what: "the environment", code: /process\.env\b|Deno\.env/, files: ["main.ts", "core/runtime/command.ts"] },
  { what: "chance", code: /Math\.random/, files: [] },
  { what: "shells", code: /\bshell:\s*true|execSync|\beval\(|new Function\(/, files: [] },
];

function violations(sources: readonly Source[]): string[] {
  return sources.flatMap((source) =>
    doors.filter((door) => !door.files.includes(source.path)).flatMap(
      (door) => {
        const packages = source.imports.filter((i) => !i.typeOnly && door.packages?.includes(i.target)).map((i) =>
          i.target
        );
        const code = door.code?.exec(source.code)?.[0];
        return [...packages, ...(code === undefined ? [] : [code])].map((used) =>
          `${source.path} uses ${used}; ${door.what} go through ${door.files.join(", ") || "nothing"}`
        );
      },
    )
  );
}

/** The driver of PostgreSQL is imported by files that hold SQL and nothing else, and where sessions are opened. */
function driverUsers(sources: readonly Source[]): string[] {
  const allowed = /\/queries\.ts$|^core\/runtime\/session\.ts$/;
  return sources.filter((s) => s.imports.some((i) => i.target === "postgres" && !i.typeOnly) && !allowed.test(s.path))
    .map((s) => s.path);
}

const sources = await readProgram();

test("every effect and every package has its door", () => assert.deepEqual(violations(sources), []));

test("the driver of PostgreSQL is used where the SQL is", () => assert.deepEqual(driverUsers(sources), []));

test("packages are those of the manifest", () => {
  const known = new Set([
    ...["commander", "croner", "hono", "postgres", "prom-client", "yaml", "zod"],
    ...["node:crypto", "node:net", "node:os", "node:path", "node:process", "node:fs", "node:fs/promises", "node:http"],
    "node:https",
    "node:child_process",
    "node:dns/promises",
    "node:tls",
    "node:util",
    "node:zlib",
    "hono/body-limit",
    "hono/html",
    "hono/jsx",
    "hono/jsx/jsx-runtime",
  ]);
  const used = sources.flatMap((s) => s.imports.filter((i) => !i.ours).map((i) => i.target));
  assert.deepEqual([...new Set(used)].filter((p) => !known.has(p)), []);
});

test("these checks can fail", () => {
  const uses = (text: string, path = "roles/barman/role.ts") => violations([toSource(path, text)]).length;
  const takes = (target: string, typeOnly = false) =>
    violations([toSource("roles/barman/role.ts", "", [{ target, ours: false, typeOnly }])]).length;
  assert.equal(takes("node:child_process"), 1);
  assert.equal(takes("node:fs/promises"), 1);
  assert.equal(takes("hono"), 1);
  assert.equal(takes("hono", true), 0);
  assert.equal(uses("setTimeout(f, 1);"), 1);
  assert.equal(uses("const t = Date.now();"), 1);
  assert.equal(uses("// Date.now() in a comment"), 0);
  assert.equal(uses("const x = process.env.HOME;"), 1);
  assert.equal(uses("const t = Date.now();", "core/runtime/time.ts"), 0);
  assert.equal(uses('stop.addEventListener("abort", f)'), 1);
  assert.equal(uses('ask("/control/pause")'), 1);
  const driver = [{ target: "postgres", ours: false, typeOnly: false }];
  assert.equal(driverUsers([toSource("roles/pgpool/agent.ts", "", driver)]).length, 1);
});
