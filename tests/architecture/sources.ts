// What the architecture tests look at: every source file with its imports and its code without comments.
import { readdir, readFile } from "node:fs/promises";
import { dirname, join, normalize } from "node:path";

const root = new URL("../..", import.meta.url).pathname;

export interface Source {
  /** from the top of the checkout, as in "roles/runtime/time.ts" */
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

/** All TypeScript below some folders or files, sorted by path. */
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

/** A source from its path and text; what tests of the tests make by hand. */
export function toSource(path: string, text: string): Source {
  const code = withoutComments(text);
  const pattern =
    /\b(import|export)\s+(type\s)?(?:[\w*{}\s,$]*?\sfrom\s*)?["']([^"'\n]+)["']|\bimport\(\s*["']([^"'\n]+)["']/g;
  const imports = [...code.matchAll(pattern)].map((match): Import => {
    const specifier = match[3] ?? match[4] ?? "";
    const ours = specifier.startsWith(".");
    return {
      target: ours ? normalize(join(dirname(path), specifier)) : specifier,
      ours,
      typeOnly: match[2] !== undefined,
    };
  });
  return { path, text, code, imports };
}

/** Comments become spaces; strings and template literals are left alone, // and quotes inside them too. */
export function withoutComments(text: string): string {
  const token = /\/\/[^\n]*|\/\*[\s\S]*?\*\/|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\[\s\S])*`/g;
  const kept = (found: string) => found.startsWith("/") ? found.replace(/[^\n]/g, " ") : found;
  return text.replace(token, kept);
}

export const isTest = (path: string): boolean => path.endsWith(".test.ts");
