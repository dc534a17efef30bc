// Unpacks a compressed backup: one archive has the files of the cluster, and one more those of each tablespace.
import { join } from "node:path";
import { postgresAccount, run } from "../../../core/runtime/command.ts";
import { ensureDirectory, remove } from "../../../core/runtime/files.ts";
import type { BackupRecord } from "../text/backup-info.ts";
import { ownDirectory } from "../text/places.ts";
import { type Into, prepared, shortMs } from "./copy-server.ts";
import { runWatched } from "./watched.ts";

const owner = postgresAccount;
const suffixes = { gzip: "tar.gz", zstd: "tar.zst" } as const;

/** Unpacks into a directory that is empty, and each tablespace into one of its own. */
export async function unpackInto(
  to: string,
  { id, compression, sizeBytes, tablespaces }: Pick<BackupRecord, "id" | "compression" | "sizeBytes" | "tablespaces">,
  tablespaceAt: (oid: string) => string,
  into: Into,
): Promise<void> {
  if (compression === null) throw new Error(`backup ${id} is not compressed`);
  const own = ownDirectory(into.places, id);
  into.say(`  unpacking ${id}`);
  const unpack = async (name: string, directory: string) => {
    const archive = join(own, `${name}.${suffixes[compression]}`);
    const tar = ["tar", "--use-compress-program", compression, "--extract", "--preserve-permissions"];
    const argv = [...tar, "--file", archive, "--directory", directory];
    await runWatched(argv, { to: directory, bytes: sizeBytes }, into);
  };
  await unpack("base", to);
  // by it recovery would link to the tablespaces of a node; whoever uses the copy has places of its own for them
  await remove(join(to, "tablespace_map"));
  for (const { oid } of tablespaces) {
    await ensureDirectory(tablespaceAt(oid), { mode: 0o700, owner });
    await unpack(oid, tablespaceAt(oid));
  }
  await run(...prepared(["cp", "-a", join(own, "backup_manifest"), to], into, shortMs));
}
