// The images of the Kubernetes under test: those of its own programs, and PostDock's, handed over from the local engine.
import { copyFile, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { commandExists } from "../debian.ts";
import { execute } from "../terminal.ts";
import { dockerfiles } from "./addons.ts";
import type { NodePlace } from "./layout.ts";
import { pauseImage } from "./machine.ts";

/** PostDock's images, as the chart names them by default. */
const postdockImages = ["postgres", "pgpool", "barman"].map((name) => `postdock/${name}:latest`);

/** Builds the images of single programs. Returns the names of all images that a machine needs. */
export async function buildImages(programs: Readonly<Record<string, string>>): Promise<string[]> {
  const directory = await mkdtemp(join(tmpdir(), "postdock-kubernetes-"));
  try {
    await copyFile("/bin/busybox", join(directory, "busybox"));
    for (const name of ["coredns", "local-path-provisioner"]) await copyFile(programs[name]!, join(directory, name));
    const files = dockerfiles(pauseImage);
    for (const [image, text] of Object.entries(files)) {
      await writeFile(join(directory, "Dockerfile"), text);
      await execute(["docker", "build", "--quiet", "--tag", image, directory], { timeoutMs: 120_000 });
    }
    return [...Object.keys(files), ...postdockImages];
  } finally {
    await rm(directory, { recursive: true });
  }
}

/** Hands images over to a machine's runtime, which has no registry. */
export async function handOver(images: readonly string[], { socket }: NodePlace): Promise<void> {
  const pipe = 'socket=$1; shift; docker save "$@" | ctr --address "$socket" --namespace k8s.io images import -';
  await execute(["bash", "-o", "pipefail", "-c", pipe, "bash", socket, ...images], { timeoutMs: 300_000 });
}

/** Debian's packages that a machine needs, by a command of each. */
export const packages: Readonly<Record<string, string>> = {
  containerd: "containerd",
  conntrack: "conntrack",
  busybox: "busybox-static",
  ip: "iproute2",
  iptables: "iptables",
  openssl: "openssl",
};

/** Those of the packages that are missing here. */
export async function missingPackages(): Promise<string[]> {
  const missing = [];
  for (const [command, name] of Object.entries(packages)) if (!(await commandExists(command))) missing.push(name);
  return missing;
}
