// Who may import whom, by folder: pure folders only pure ones, roles never each other, only the top knows all. Imports of
// types count: what a file knows of another is a dependency, whether or not it exists at run time.
import assert from "node:assert/strict";
import { test } from "node:test";
import { type Import, isTest, readProgram, readSources, type Source, toSource } from "./sources.ts";

const roles = ["postgres-node", "pgpool", "barman"] as const;
type Room = "top" | "config" | "core" | typeof roles[number];

/** Folders whose files only compute: no file, clock, process, network or chance. */
const pureFolders: readonly RegExp[] = [
  /^config\//,
  /^core\/(words|postgres|protocol)\//,
  /\/(decide|text)\//,
];

const isPure = (path: string): boolean => pureFolders.some((p) => p.test(path));

function roomOf(path: string): Room {
  const [first = "", second = ""] = path.split("/");
  if (first === "config" || first === "core") return first;
  return first === "roles" ? roles.find((r) => r === second) ?? "top" : "top";
}

/** What each room may import beside itself; the top, main.ts and cli/, may import everything. */
const mayImport: Readonly<Record<Exclude<Room, "top">, readonly Room[]>> = {
  config: [],
  core: ["config"],
  "postgres-node": ["config", "core"],
  pgpool: ["config", "core"],
  barman: ["config", "core"],
};

/** Every import that the rules forbid, in words. */
function violations(sources: readonly Source[]): string[] {
  return sources.flatMap((source) => {
    const from = roomOf(source.path);
    return source.imports.filter((i) => i.ours).flatMap(({ target }) => {
      const to = roomOf(target);
      const edge = `${source.path} imports ${target}`;
      if (from !== "top" && to !== from && !mayImport[from].includes(to)) {
        return [`${edge}: ${from} may not know ${to}`];
      }
      return isPure(source.path) && !isPure(target) ? [`${edge}: a pure file imports only pure files`] : [];
    });
  });
}

/** Circles of imports, each as the way around it. */
function circles(sources: readonly Source[]): string[] {
  const graph = new Map(sources.map((s) => [s.path, s.imports.filter((i) => i.ours).map((i) => i.target)]));
  const found: string[] = [];
  const done = new Set<string>();
  const visit = (path: string, trail: readonly string[]) => {
    if (trail.includes(path)) found.push([...trail.slice(trail.indexOf(path)), path].join(" -> "));
    if (done.has(path) || trail.includes(path)) return;
    for (const next of graph.get(path) ?? []) visit(next, [...trail, path]);
    done.add(path);
  };
  for (const path of graph.keys()) visit(path, []);
  return found;
}

/** Whether a file has nothing of its own and only passes on another file's. */
const forwards = (source: Source): boolean =>
  source.code.replaceAll(/^(import|export)\s[^;]*?\sfrom\s[^;]*;/gm, "").trim() === "";

const program = await readProgram();

test("every import keeps to the layers", () => assert.deepEqual(violations(program), []));

test("no files import each other in a circle, not even for types", () => assert.deepEqual(circles(program), []));

test("no file only forwards to another place", () => assert.deepEqual(program.filter(forwards).map((s) => s.path), []));

test("roles/ holds the roles and nothing else, and every file is reached from main.ts or the docs", async () => {
  const files = (await readSources(["cli", "config", "core", "roles"])).map((s) => s.path).filter((p) => !isTest(p));
  assert.ok(files.length > 100, "the sources were not found");
  assert.deepEqual(files.filter((p) => p.startsWith("roles/") && roomOf(p) === "top"), []);
  const known = new Set([...program, ...await readProgram("tools/docs.ts")].map((s) => s.path));
  assert.deepEqual(files.filter((p) => !known.has(p)), []);
});

const ours = (target: string, typeOnly = false): Import => ({ target, ours: true, typeOnly });

test("these checks can fail", () => {
  const told = (path: string, ...imports: Import[]) => violations([toSource(path, "", imports)])[0] ?? "";
  assert.match(told("roles/pgpool/role.ts", ours("roles/barman/x.ts")), /pgpool may not know barman/);
  assert.match(told("core/runtime/log.ts", ours("roles/barman/x.ts")), /core may not know barman/);
  assert.match(told("config/env.ts", ours("core/runtime/log.ts")), /config may not know core/);
  assert.match(told("roles/barman/role.ts", ours("cli/commands.ts")), /may not know top/);
  assert.match(told("roles/pgpool/decide/pool.ts", ours("roles/pgpool/agent.ts")), /pure/);
  assert.match(told("roles/pgpool/decide/pool.ts", ours("roles/pgpool/agent.ts", true)), /pure/);
  assert.match(told("core/postgres/lsn.ts", ours("core/runtime/time.ts")), /pure/);
  assert.equal(told("roles/pgpool/role.ts", ours("core/runtime/log.ts")), "");
  const circle = [
    toSource("config/a.ts", "", [ours("config/b.ts", true)]),
    toSource("config/b.ts", "", [ours("config/a.ts")]),
  ];
  assert.equal(circles(circle).length, 1);
  assert.equal(forwards(toSource("core/a.ts", '// moved\nexport * from "./b.ts";')), true);
  assert.equal(forwards(toSource("core/a.ts", "export const a = 1;")), false);
});

test("Deno's graph has imports of types, of code and those at run time", () => {
  const of = (path: string) => program.find((s) => s.path === path)!.imports;
  assert.ok(of("main.ts").some((i) => i.target === "core/runtime/context.ts" && i.typeOnly));
  assert.ok(of("main.ts").some((i) => i.target === "cli/commands.ts" && !i.typeOnly));
  assert.ok(of("cli/command-tree.ts").some((i) => i.target === "roles/barman/role.ts" && !i.typeOnly));
});
