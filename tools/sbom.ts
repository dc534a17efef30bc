// `deno task sbom [--rebuild]`: writes what is in each image, and how it was made, to dist/sbom/ROLE.cdx.json. With --rebuild it also
// builds every image again without anything kept from before, and says what is in it that was not, or no longer.
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ensureEngine } from "./engine.ts";
import { argsOf, baseArgs, ensureImages, readVersions } from "./images.ts";
import { debianOf, defaultOf, imagesOf } from "./matrix.ts";
import { optionsOf } from "./options.ts";
import { difference, lockedPackages, packageFormat, parsePackages, type Part, renderSbom } from "./sbom-text.ts";
import { attempt, execute, root, say, task } from "./terminal.ts";

/** Packages that only the tests and the developer's tasks use. */
const notInside = ["axe-core", "fast-check", "playwright-core"];

async function partsOf(image: string): Promise<Part[]> {
  const argv = [
    "docker",
    "run",
    "--rm",
    "--entrypoint",
    "dpkg-query",
    image,
    "--show",
    `--showformat=${packageFormat}`,
  ];
  return [...parsePackages(await execute(argv, { timeoutMs: 60_000 })), ...await inExecutable()];
}

async function inExecutable(): Promise<Part[]> {
  const text = (name: string) => readFile(join(root, name), "utf8");
  const [manifest, lock] = [JSON.parse(await text("deno.json")), JSON.parse(await text("deno.lock"))];
  const imports = Object.entries<string>(manifest.imports).filter(([name]) => !notInside.includes(name));
  return lockedPackages(imports.map(([, from]) => from), lock);
}

async function imageFact(image: string, format: string): Promise<string> {
  return (await execute(["docker", "image", "inspect", "--format", format, image], { timeoutMs: 30_000 })).trim();
}

async function write(role: string, tag: string, debian: string): Promise<Part[]> {
  const image = `postdock/${role}:${tag}`;
  const parts = await partsOf(image);
  const commit = await attempt(["git", "rev-parse", "HEAD"], { timeoutMs: 10_000, cwd: root });
  const made = {
    image: await imageFact(image, "{{.Id}}"),
    created: await imageFact(image, "{{.Created}}"),
    base: `${debian} ${await imageFact(debian, "{{.Id}}")}`,
    commit: commit.code === 0 ? commit.stdout.trim() : "not known",
  };
  const path = join(root, "dist", "sbom", `${role}.cdx.json`);
  await writeFile(path, renderSbom({ name: `postdock/${role}`, version: tag }, parts, made));
  say(`${path.slice(root.length + 1)}: ${parts.length} packages`);
  return parts;
}

/** Builds the image again, from nothing but the Debian image. */
async function rebuild(name: string, dockerfile: string, args: readonly string[]): Promise<void> {
  say(`Building ${name}`);
  const argv = [
    "docker",
    "build",
    "--quiet",
    "--no-cache",
    "--tag",
    name,
    "--file",
    dockerfile,
    ...args,
    ".",
  ];
  await execute(argv, { timeoutMs: 1_200_000, cwd: root, env: { DOCKER_BUILDKIT: "0" } });
}

await task(async () => {
  const { rebuild: again } = optionsOf({ rebuild: "flag" });
  await ensureEngine();
  await ensureImages();
  const versions = await readVersions();
  const combination = defaultOf(versions);
  await mkdir(join(root, "dist", "sbom"), { recursive: true });
  if (again) await rebuild("postdock/base:rebuilt", "images/base/Dockerfile", baseArgs(combination));
  let differs = false;
  for (const { component: role, tag, args } of imagesOf(versions, combination)) {
    const parts = await write(role, tag, debianOf(combination));
    if (!again) continue;
    const name = `postdock/${role}:rebuilt`;
    await rebuild(name, `images/${role}/Dockerfile`, argsOf({ BASE: "postdock/base:rebuilt", ...args }));
    const lines = difference(parts, await partsOf(name));
    for (const line of lines) say(`  ${line}`);
    say(lines.length === 0 ? `${role}: built again, it has the same packages` : `${role}: ${lines.length} differ`);
    differs ||= lines.length > 0;
    await execute(["docker", "rmi", name], { timeoutMs: 60_000 });
  }
  if (again) await execute(["docker", "rmi", "postdock/base:rebuilt"], { timeoutMs: 60_000 });
  return differs ? 1 : 0;
});
