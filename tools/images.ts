// `deno task images [--all | --only X]`: builds the images whose inputs have changed: those of the default combination, of every one
// in images/versions.json, or those that X names, such as postgres18.
import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { ensureBuilt } from "./build.ts";
import { ensureDebianImage, ensureEngine } from "./engine.ts";
import { inLanes } from "./lanes.ts";
import {
  baseOf,
  type Combination,
  debianOf,
  defaultOf,
  type Image,
  imagesNamed,
  imagesOf,
  type Versions,
} from "./matrix.ts";
import { ExitCode, OperatorError } from "../core/words/errors.ts";
import { optionsOf } from "./options.ts";
import { attempt, execute, root, say, task } from "./terminal.ts";

export async function readVersions(): Promise<Versions> {
  return JSON.parse(await readFile(join(root, "images/versions.json"), "utf8"));
}

/** Which images: those of the default combination, all, or those that a word names (matrix.ts). */
export type Wanted = "default" | "all" | { only: string };

/** As many at a time: each waits for the mirror half of its time, and compresses with one core for the other half. */
const builders = 2;

/** Builds base and role images. Each carries a hash of its inputs as a label, and is rebuilt only if that differs. Returns their names. */
export async function ensureImages(wanted: Wanted = "default"): Promise<string[]> {
  const versions = await readVersions();
  const images = chosen(versions, wanted);
  await ensureBuilt();
  await ensureEngine();
  const used = versions.combinations.filter(({ suite }) => images.some((i) => i.suite === suite));
  await inLanes(used, builders, async (combination) => {
    await ensureBase(versions, combination);
  });
  await inLanes(images, builders, (image) => {
    const combination = used.find(({ suite }) => suite === image.suite)!;
    return ensureImage(image, baseOf(versions, combination));
  });
  return images.map(({ names }) => names[0]!);
}

function chosen(versions: Versions, wanted: Wanted): Image[] {
  if (wanted === "all") return versions.combinations.flatMap((combination) => imagesOf(versions, combination));
  return wanted === "default" ? imagesOf(versions, defaultOf(versions)) : imagesNamed(versions, wanted.only);
}

async function ensureBase(versions: Versions, combination: Combination): Promise<void> {
  const debian = debianOf(combination);
  await ensureDebianImage(combination.suite, debian);
  const dockerfile = "images/base/Dockerfile";
  const args = baseArgs(combination);
  const inputs = await hashOf([dockerfile], [await imageId(debian), ...args].join(" "));
  await buildImage({ name: baseOf(versions, combination), dockerfile, inputs, args, tags: [] });
}

async function ensureImage(image: Image, base: string): Promise<void> {
  const dockerfile = `images/${image.component}/Dockerfile`;
  const args = argsOf({ BASE: base, ...image.args });
  const inputs = await hashOf([dockerfile, "dist/postdock"], [await imageId(base), ...args].join(" "));
  const [name, ...tags] = image.names;
  await buildImage({ name: name!, dockerfile, inputs, args, tags });
}

/** The build arguments of the base image. */
export const baseArgs = (combination: Combination): string[] =>
  argsOf({ DEBIAN_IMAGE: debianOf(combination), POSTGRES: combination.postgres });

/** Build arguments as `docker build` takes them. */
export const argsOf = (values: Readonly<Record<string, string>>): string[] =>
  Object.entries(values).flatMap(([name, value]) => ["--build-arg", `${name}=${value}`]);

/** Builds the image of compose/monitoring.yml, which only who asks for it needs. */
export async function ensureMonitoring(): Promise<void> {
  const versions = await readVersions();
  const dockerfile = "images/monitoring/Dockerfile";
  const base = baseOf(versions, defaultOf(versions));
  const files = (await readdir(join(root, "monitoring"), { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1)).sort();
  await buildImage({
    name: `postdock/monitoring:${versions.postdock}`,
    dockerfile,
    inputs: await hashOf([dockerfile, ...files], await imageId(base)),
    args: ["--build-arg", `BASE=${base}`],
    tags: ["postdock/monitoring:latest"],
  });
}

async function buildImage(
  o: { name: string; dockerfile: string; inputs: string; args: string[]; tags: string[] },
): Promise<void> {
  const label = "org.postdock.inputs";
  const format = `{{index .Config.Labels "${label}"}}`;
  const present = await attempt(["docker", "image", "inspect", "--format", format, o.name], { timeoutMs: 30_000 });
  if (present.code !== 0 || present.stdout.trim() !== o.inputs) {
    say(`Building the image ${o.name}`);
    const argv = [
      "docker",
      "build",
      "--quiet",
      "--tag",
      o.name,
      "--file",
      o.dockerfile,
      "--label",
      `${label}=${o.inputs}`,
      "--label",
      `org.opencontainers.image.version=${o.name.split(":")[1]}`,
    ];
    // the classic builder is part of every engine; BuildKit needs a plugin that may not be installed
    await execute([...argv, ...o.args, "."], { timeoutMs: 1_200_000, cwd: root, env: { DOCKER_BUILDKIT: "0" } });
  }
  for (const tag of o.tags) await execute(["docker", "tag", o.name, tag], { timeoutMs: 30_000 });
}

async function imageId(name: string): Promise<string> {
  return (await attempt(["docker", "image", "inspect", "--format", "{{.Id}}", name], { timeoutMs: 30_000 })).stdout
    .trim();
}

async function hashOf(files: readonly string[], extra: string): Promise<string> {
  const hash = createHash("sha256").update(extra);
  for (const file of files) hash.update(await readFile(join(root, file)));
  return hash.digest("hex");
}

if (import.meta.main) {
  await task(async () => {
    const { all, only } = optionsOf({ all: "flag", only: "text" });
    if (all && only !== undefined) {
      throw new OperatorError({
        what: "--all and --only exclude each other",
        fix: "give one",
        exitCode: ExitCode.usage,
      });
    }
    const names = await ensureImages(all ? "all" : only === undefined ? "default" : { only });
    const format = "{{index .RepoTags 0}} {{.Size}}";
    const sizes = await execute(["docker", "image", "inspect", "--format", format, ...names], { timeoutMs: 30_000 });
    sizes.trim().split("\n").forEach((row, i) => {
      say(`${names[i]}  ${Math.round(Number(row.split(" ").at(-1)) / 1e6)} MB`);
    });
  });
}
