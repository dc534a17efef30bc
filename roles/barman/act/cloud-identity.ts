// Whose backups are in the object store: WAL of two clusters has the same names. And to which cluster an empty BACKUP_DIR belongs:
// without that, after the loss of all volumes, barman would take a new, empty cluster for the one in the store.
import { errorText, OperatorError } from "../../../core/words/errors.ts";
import { foreignStore, type Store } from "../decide/cloud.ts";
import { listStore } from "../tools/cloud-cli.ts";
import { readIdentity, writeIdentity } from "./identity.ts";
import type { Barman } from "../state.ts";

/** How long the store may take to answer, milliseconds: until then no WAL is received. */
const askMs = 20_000;

/** Gives an empty BACKUP_DIR the identity of the backups in the object store. If the store does not answer, it stays empty. */
export async function takeIdentity({ config, log, stop }: Barman): Promise<void> {
  if (config.cloudUrl === "" || await readIdentity(config) !== null) return;
  try {
    const { identity, backups } = await listStore(config, stop, askMs);
    if (identity === null) return;
    await writeIdentity(identity, config);
    log.warn("BACKUP_DIR holds no backups, but the object store does: only their cluster is followed", {
      systemIdentifier: identity,
      backups: backups.map((b) => b.record.id),
      fix: "none if that cluster runs; to restore it: postdock barman restore",
    });
  } catch (error) {
    log.warn("The object store cannot be read", { because: errorText(error) });
  }
}

/** Throws OperatorError if the store belongs to another cluster; false before it is known whose backups are here. */
export async function isOurs(store: Store, barman: Barman): Promise<boolean> {
  const own = await readIdentity(barman.config);
  const foreign = foreignStore(store, own);
  if (foreign === null) return own !== null;
  throw new OperatorError({
    what: `Nothing is stored at ${barman.config.cloudUrl}`,
    why: foreign,
    fix: "give this cluster a path of its own in CLOUD_BACKUP_URL; to restore the one in the store, begin with an " +
      "empty BACKUP_DIR",
  });
}
