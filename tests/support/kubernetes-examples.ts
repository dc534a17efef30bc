// The plain manifests of kubernetes/ on the real Kubernetes, in a kustomization of somebody who uses one as a base.
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { stringify } from "yaml";
import { root } from "../../tools/terminal.ts";
import { kubectl } from "./kubectl.ts";
import { wholeMs } from "./waits.ts";

/** The namespace that the examples name. */
export const exampleNamespace = "mysystem";

/** A patch by which no image of these containers is asked of a registry, as `latest` would be. */
const local = (lists: readonly string[]): string =>
  stringify(lists.map((list) => ({
    op: "add",
    path: `/spec/template/spec/${list}/0/imagePullPolicy`,
    value: "Never",
  })));

export class Example {
  private constructor(private readonly directory: string) {}

  /** Writes a kustomization upon the example of that name. Its images are those that the machines have. */
  static async prepare(name: string): Promise<Example> {
    const directory = join(root, "tests", ".work", `kustomize-${name}`);
    await mkdir(directory, { recursive: true });
    const images = ["postgres", "pgpool"].map((image) => ({ name: `postdock/${image}`, newTag: "latest" }));
    const kustomization = {
      apiVersion: "kustomize.config.k8s.io/v1beta1",
      kind: "Kustomization",
      resources: [`../../../kubernetes/${name}`],
      images,
      patches: [{ target: { kind: "Deployment" }, patch: local(["containers", "initContainers"]) }, {
        target: { kind: "StatefulSet" },
        patch: local(["containers"]),
      }],
    };
    await writeFile(join(directory, "kustomization.yaml"), stringify(kustomization));
    return new Example(directory);
  }

  async apply(): Promise<void> {
    await kubectl(["apply", "-k", this.directory]);
  }

  /** Deletes all that it has made, and waits until that is gone. */
  async delete(): Promise<void> {
    const argv = ["delete", "-k", this.directory, "--ignore-not-found", "--timeout=120s"];
    await kubectl(argv, { timeoutMs: 2 * wholeMs + 10_000 });
  }
}

/** The volumes whose claims are of a namespace. */
export async function volumesOf(namespace: string): Promise<string[]> {
  const { items } = JSON.parse(await kubectl(["get", "pv", "-o", "json"])) as {
    items: { metadata: { name: string }; spec: { claimRef?: { namespace: string } } }[];
  };
  return items.filter((v) => v.spec.claimRef?.namespace === namespace).map((v) => v.metadata.name);
}
