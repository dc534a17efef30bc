// Who may import whom: pure files only pure ones, roles never each other, the top alone knows all.
import assert from "node:assert/strict";
import { test } from "node:test";
import { isTest, readSources, type Source, toSource } from "./sources.ts";

const roles = ["postgres-node", "pgpool", "barman", "cluster"] as const;

type Place =
  | { layer: "pure" | "shell"; room: "config" | "runtime" | typeof roles[number] }
  | { layer: "top"; room: "top" };

const purePatterns = [
  /^decide-/,
  /-conf\.ts$/,
  /^(backends|metrics|schedule|recovery-plan|controldata|lsn|conninfo|cluster-view|errors|verdict|version|choose-primary|wal-name|pgpool-settings)\.ts$/,
];

/** Where a file of config/ or roles/ stands. */
function placeOf(path: string): Place {
  const [top = "", second = "", name = ""] = path.split("/");
  if (top === "config") return { layer: "pure", room: "config" };
  const room = second === "runtime" ? "runtime" : roles.find((r) => r === second);
  if (top !== "roles" || room === undefined) return { layer: "top", room: "top" };
  return { layer: purePatterns.some((p) => p.test(name)) ? "pure" : "shell", room };
}

/** Types of the shell that pure files may name, since a type cannot do anything: the schema of /status. */
const sharedTypes = ["roles/runtime/status.ts", "roles/runtime/http-app.ts", "roles/runtime/decide-restart.ts"];

/** Every import that the rules forbid, in words. */
function violations(sources: readonly Source[]): string[] {
  return sources.flatMap((source) => {
    const from = placeOf(source.path);
    return source.imports.filter((i) => i.ours).flatMap(({ target, typeOnly }) => {
      const to = placeOf(target);
      const edge = `${source.path} imports ${target}`;
      if (from.layer === "top") return [];
      if (to.layer === "top") return [`${edge}: only the top may import the top`];
      if (from.room === "config" && to.room !== "config") return [`${edge}: config/ imports nothing of roles/`];
      if (from.room === "runtime" && to.room !== "runtime" && to.room !== "config") {
        return [`${edge}: runtime/ knows no role`];
      }
      if (to.room !== from.room && to.room !== "runtime" && to.room !== "config") {
        return [`${edge}: roles never import each other`];
      }
      if (from.layer === "pure" && to.layer !== "pure" && !(typeOnly || sharedTypes.includes(target))) {
        return [`${edge}: a pure file imports only pure files`];
      }
      return [];
    });
  });
}

/** Files that can be reached from a file by imports that exist at run time. */
function cycles(sources: readonly Source[]): string[] {
  const graph = new Map(
    sources.map((s) => [s.path, s.imports.filter((i) => i.ours && !i.typeOnly).map((i) => i.target)]),
  );
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

const sources = (await readSources(["main.ts", "config", "roles"])).filter((s) => !isTest(s.path));

test("every import keeps to the layers", () => assert.deepEqual(violations(sources), []));

test("no files import each other in a circle", () => assert.deepEqual(cycles(sources), []));

test("every import of ours is a file that is there", () => {
  const known = new Set(sources.map((s) => s.path));
  const missing = sources.flatMap((s) => s.imports.filter((i) => i.ours && !known.has(i.target)).map((i) => i.target));
  assert.deepEqual(missing, []);
  assert.ok(sources.length > 50, "the sources were not found");
});

test("these checks can fail", () => {
  const told = (path: string, text: string) => violations([toSource(path, text)]);
  assert.match(told("roles/pgpool/role.ts", 'import { a } from "../barman/x.ts";')[0]!, /never import each other/);
  assert.match(told("roles/runtime/log.ts", 'import { a } from "../barman/x.ts";')[0]!, /knows no role/);
  assert.match(told("config/env.ts", 'export * from "../roles/runtime/log.ts";')[0]!, /config\//);
  assert.match(told("roles/pgpool/decide-pool.ts", 'import {\n  a,\n} from "./agent.ts";')[0]!, /pure/);
  assert.match(told("roles/barman/role.ts", 'const x = await import("../commands.ts");')[0]!, /top/);
  assert.deepEqual(told("roles/pgpool/decide-pool.ts", 'import type { A } from "./agent.ts";'), []);
  assert.deepEqual(
    told("roles/pgpool/role.ts", '// import { a } from "../barman/x.ts"\nimport "../runtime/log.ts";'),
    [],
  );
  const circle = [toSource("config/a.ts", 'import "./b.ts";'), toSource("config/b.ts", 'import "./a.ts";')];
  assert.equal(cycles(circle).length, 1);
});
