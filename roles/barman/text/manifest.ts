// PURE: the manifest of a base backup, which names all its files (manual, 74 Backup Manifest Format).
import { z } from "zod";

const Manifest = z.object({ Files: z.array(z.object({ Path: z.string().optional(), Size: z.number() })) });

/** The size of each tablespace, by its number. Throws if the manifest has another form. */
export function tablespaceBytes(manifest: string): Map<string, number> {
  const bytes = new Map<string, number>();
  for (const { Path, Size } of Manifest.parse(JSON.parse(manifest)).Files) {
    const oid = /^pg_tblspc\/(\d+)\//.exec(Path ?? "")?.[1]; // a path that is no UTF-8 has another name there
    if (oid !== undefined) bytes.set(oid, (bytes.get(oid) ?? 0) + Size);
  }
  return bytes;
}
