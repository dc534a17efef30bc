// Gives every node of a chaos run its own disk, a file system in a file: one disk can be full or slow while the others are not.
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { attempt, execute, root, say } from "../../tools/terminal.ts";
import { nodes, prefix } from "../support/cluster.ts";
import type { Edit } from "../support/compose-file.ts";

export interface Disk {
  service: string;
  /** the file that holds it */
  image: string;
  /** the loop device */
  device: string;
}

const timeoutMs = 60_000;
/** Makes a disk of this size for each node. Empty if this machine cannot (no root, no loop devices): then they share the machine's. */
export async function makeDisks(size = "1500M"): Promise<Disk[]> {
  const directory = join(root, "dist", "disks");
  await mkdir(directory, { recursive: true });
  const disks: Disk[] = [];
  try {
    for (const service of nodes) {
      const image = join(directory, `${prefix}-${service}.img`);
      await dropDisk(image); // of a run that was cut off
      await execute(["truncate", "--size", size, image], { timeoutMs });
      await emptyDisk(image);
      const device = (await execute(["losetup", "--find", "--show", image], { timeoutMs })).trim();
      disks.push({ service, image, device });
    }
    return disks;
  } catch (error) {
    say(`no disks of their own for the nodes, so no full disks: ${error instanceof Error ? error.message : error}`);
    await dropDisks(disks);
    return [];
  }
}

/** Makes an empty file system; `path`: the device of a disk, or its file. */
export async function emptyDisk(path: string): Promise<void> {
  await execute(["mkfs.ext4", "-q", "-F", "-m", "0", path], { timeoutMs });
}

export async function dropDisks(disks: readonly Disk[]): Promise<void> {
  for (const { image } of disks) await dropDisk(image);
}

async function dropDisk(image: string): Promise<void> {
  const found = await attempt(["losetup", "--associated", image, "--noheadings", "--output", "NAME"], { timeoutMs });
  for (const device of found.stdout.split("\n").map((l) => l.trim()).filter(Boolean)) {
    await attempt(["losetup", "--detach", device], { timeoutMs });
  }
  await rm(image, { force: true });
}

/** The nodes' volumes on these disks. */
export const onDisks = (disks: readonly Disk[]): Edit => (file) => {
  for (const { service, device } of disks) {
    file.volumes![service] = { driver: "local", driver_opts: { type: "ext4", device } };
  }
};
