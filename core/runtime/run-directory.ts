// /run/postdock: all that is written at a start lies there, with links in the images from the paths that people know, so that the
// root file system may be read-only. And the name of a uid that has none, which initdb, ssh and barman need.
import { dirname, join } from "node:path";
import { postgresAccount } from "./command.ts";
import { isNamed, nameEntry } from "./decide/account-name.ts";
import { ensureDirectory, readMounted, runDirectory, setAccess, writeAtomic, writtenAt } from "./files.ts";

const root = { uid: 0, gid: 0, home: "/root", name: "root" };

/** Where libnss-extrausers finds names, by a link of the images. */
const namesDirectory = "/run/extrausers";

/** The directory in which what people know as `path` is written. */
export const placeOf = async (path: string): Promise<string> => dirname(await writtenAt(path));

/** Makes /run/postdock, and gives the account of this container a name if it has none. */
export async function prepareRunDirectory(): Promise<void> {
  // a tmpfs there can be written by everybody, who could put a link in the place of a directory of theirs
  if (process.getuid?.() === 0) await setAccess("/run", { mode: 0o755 });
  // nor who may put one among what is in it
  await ensureDirectory(runDirectory, { mode: 0o755, owner: root });
  if (isNamed(postgresAccount.uid, await readMounted("/etc/passwd") ?? "")) return;
  await ensureDirectory(namesDirectory, { mode: 0o755 });
  await writeAtomic(join(namesDirectory, "passwd"), nameEntry(postgresAccount), { mode: 0o644 });
}
