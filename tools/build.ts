// Builds the executable dist/postdock, unless it is newer than every source. `deno task build`.
import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { optionsOf } from "./options.ts";
import { execute, root, say, task } from "./terminal.ts";

const output = join(root, "dist", "postdock");
const stamp = join(root, "dist", "postdock.inputs");

/** Hash of everything that goes into the executable. */
async function inputsHash(): Promise<string> {
  const hash = createHash("sha256");
  for (const path of ["deno.lock", "deno.json", "main.ts", "cli", "config", "core", "roles", "tools/build.ts"]) {
    for (const file of await filesOf(join(root, path))) {
      hash.update(file.slice(root.length)).update(await readFile(file));
    }
  }
  return hash.digest("hex");
}

async function filesOf(path: string): Promise<string[]> {
  if ((await stat(path)).isFile()) return [path];
  const entries = (await readdir(path, { recursive: true, withFileTypes: true }))
    .filter((e) => e.isFile() && !e.name.endsWith(".test.ts"));
  return entries.map((e) => join(e.parentPath, e.name)).sort();
}

/** Builds the executable if a source has changed. Returns its path. */
export async function ensureBuilt(): Promise<string> {
  const inputs = await inputsHash();
  if (await readFile(stamp, "utf8").catch(() => "") === inputs && await stat(output).catch(() => null)) return output;
  say("Building the executable");
  await mkdir(join(root, "dist"), { recursive: true });
  // the maps of the build before have other names and would stay
  for (const old of await filesOf(join(root, "dist"))) if (old.endsWith(".js.map")) await rm(old);
  const flags = ["--compile", "--minify", "--bytecode", "--splitting", "--format=esm", "--sourcemap=linked"];
  // without these two flags the executable would read .env and bunfig.toml in its current directory
  const closed = ["--no-compile-autoload-dotenv", "--no-compile-autoload-bunfig"];
  await execute(["./node_modules/.bin/bun", "build", ...flags, ...closed, "--outfile=dist/postdock", "main.ts"], {
    timeoutMs: 120_000,
    cwd: root,
  });
  await writeFile(stamp, inputs);
  return output;
}

if (import.meta.main) {
  await task(async () => {
    optionsOf({});
    say(`Built ${(await ensureBuilt()).slice(root.length + 1)}`);
  });
}
