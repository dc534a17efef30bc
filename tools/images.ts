// `deno task images`: builds the images whose inputs have changed.
import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { ensureBuilt } from "./build.ts";
import { ensureEngine } from "./engine.ts";
import { optionsOf } from "./options.ts";
import { attempt, execute, root, say, task } from "./terminal.ts";

/** images/versions.json. */
export interface Versions {
  postdock: string;
  debian: string;
  images: Record<string, { tag: string; alias: string }>;
}

export async function readVersions(): Promise<Versions> {
  return JSON.parse(await readFile(join(root, "images/versions.json"), "utf8"));
}

/** Builds the base and role images. Each carries a hash of its inputs as a label, and is rebuilt only if that differs. */
export async function ensureImages(): Promise<void> {
  await ensureBuilt();
  await ensureEngine();
  const versions = await readVersions();
  const base = `postdock/base:${versions.postdock}`;
  const baseInputs = await hashOf(["images/base/Dockerfile"], await imageId(versions.debian));
  const debian = ["--build-arg", `DEBIAN_IMAGE=${versions.debian}`];
  await buildImage({ name: base, dockerfile: "images/base/Dockerfile", inputs: baseInputs, args: debian, tags: [] });
  for (const [role, { tag, alias }] of Object.entries(versions.images)) {
    const dockerfile = `images/${role}/Dockerfile`;
    await buildImage({
      name: `postdock/${role}:${tag}`,
      dockerfile,
      inputs: await hashOf([dockerfile, "dist/postdock"], await imageId(base)),
      args: ["--build-arg", `BASE=${base}`],
      tags: [alias, "latest", "edge"].map((t) => `postdock/${role}:${t}`),
    });
  }
}

/** Builds the image of compose/monitoring.yml, which only who asks for it needs. */
export async function ensureMonitoring(): Promise<void> {
  const versions = await readVersions();
  const dockerfile = "images/monitoring/Dockerfile";
  const base = `postdock/base:${versions.postdock}`;
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
    optionsOf({});
    await ensureImages();
    say(await execute(["docker", "images", "--filter", "reference=postdock/*:latest"], { timeoutMs: 30_000 }));
  });
}
