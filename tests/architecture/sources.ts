// What the architecture tests look at: every source file with its imports and its code without comments.
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath, pathToFileURL } from "node:url";
import { execute } from "../../tools/terminal.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

export interface Source {
  /** from the top of the checkout, as in "core/runtime/time.ts" */
  path: string;
  text: string;
  /** the text without comments; strings stay */
  code: string;
  imports: readonly Import[];
}

export interface Import {
  /** the path of ours, or the specifier of a package */
  target: string;
  ours: boolean;
  typeOnly: boolean;
}

/** All TypeScript below some folders or files, sorted by path; what it imports is not looked at. */
export async function readSources(places: readonly string[]): Promise<Source[]> {
  const paths = (await Promise.all(places.map(filesOf))).flat().filter((p) => /\.tsx?$/.test(p)).sort();
  return await Promise.all(paths.map(async (path) => toSource(path, await readFile(join(root, path), "utf8"))));
}

/** Every file below some folders or files, whatever its kind. */
export async function filesOf(place: string): Promise<string[]> {
  const entries = await readdir(join(root, place), { recursive: true, withFileTypes: true }).catch(() => null);
  if (entries === null) return [place];
  return entries.filter((e) => e.isFile()).map((e) => join(e.parentPath, e.name).slice(root.length));
}

export async function readText(path: string): Promise<string> {
  return await readFile(join(root, path), "utf8");
}

/** A source from its path, its text and what it imports; what tests of the tests make by hand. */
export function toSource(path: string, text: string, imports: readonly Import[] = []): Source {
  return { path, text, code: withoutComments(text), imports };
}

/** What `deno info --json` tells of one module. */
interface Module {
  specifier: string;
  dependencies?: readonly Dependency[];
}

interface Dependency {
  specifier: string;
  /** where it is imported from at run time; absent where only types are taken */
  code?: { specifier: string };
  type?: { specifier: string };
}

/**
 * The whole executable: its entry and every file of ours that it reaches, each with what it imports, types included. Read from
 * Deno's own graph of modules, so that no way of writing an import escapes.
 */
export async function readProgram(entry = "main.ts"): Promise<Source[]> {
  const text = await execute([process.execPath, "info", "--json", entry], { timeoutMs: 60_000, cwd: root });
  const { modules } = JSON.parse(text) as { modules: readonly Module[] };
  const here = pathToFileURL(root).href;
  const own = modules.filter((m) => m.specifier.startsWith(here) && !m.specifier.includes("/node_modules/"));
  return await Promise.all(own.map(async (m) => {
    const path = decodeURIComponent(m.specifier.slice(here.length));
    const imports = (m.dependencies ?? []).map((d): Import => {
      const target = d.code?.specifier ?? d.type?.specifier ?? d.specifier;
      const ours = target.startsWith(here);
      return { target: ours ? target.slice(here.length) : d.specifier, ours, typeOnly: d.code === undefined };
    });
    return toSource(path, await readText(path), imports);
  }));
}

/** Comments become spaces; strings and template literals are left alone, // and quotes inside them too. */
export function withoutComments(text: string): string {
  const token = /\/\/[^\n]*|\/\*[\s\S]*?\*\/|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\[\s\S])*`/g;
  const kept = (found: string) => found.startsWith("/") ? found.replace(/[^\n]/g, " ") : found;
  return text.replace(token, kept);
}

export const isTest = (path: string): boolean => path.endsWith(".test.ts");
