// PURE: events of barman's WAL: received, archived, stored, and from which node.
import { asTold, debug, error, info, nothing, warning } from "./event.ts";

export const walEvents = {
  "Following another primary": info("WAL and backups come from there from now on.", "from to because"),
  "Primary in sight again": info("barman goes on.", "host because"),
  "Looking for the primary failed": error("A look met a fault. The next one follows.", nothing, "error"),
  "Still no primary in sight: WAL is not received": error(
    "What is written now may never reach barman.",
    asTold,
    "awaySeconds because fix",
  ),
  "A node answers neither HTTP nor SQL": debug("The next look follows.", "host error"),
  "The list of the cluster's nodes has changed": info("barman follows these.", "hosts"),
  "The list of nodes from before the restart cannot be read and is ignored": warning(
    "The file is damaged.",
    nothing,
    "error",
  ),
  "Receiving WAL": info("The receiver has started.", "host because"),
  "Receiving WAL from another point than the end of the newest file": warning(
    "What lies between is fetched, or was never needed.",
    "The reason says which.",
    "host because from",
  ),
  "WAL is not received; trying again": warning("The receiver could not start.", "The error says why.", "host error"),
  "The WAL history has a gap: no restore to a time within it is possible; a base backup follows": error(
    "The primary has removed WAL before barman had it.",
    "Nothing at once. See why barman was away, or raise max_slot_wal_keep_size.",
    "host because missing",
  ),
  "A WAL receiver that was started by hand is stopped": warning("PostDock starts its own.", nothing, "server"),
  "Received WAL set aside: it is not in the primary's history": warning(
    "A former primary wrote it and lost it.",
    "Nothing; the file stays for a closer look.",
    "file to",
  ),
  "Received WAL could not be archived; trying again": error(
    "barman refuses the file.",
    "The reason says why.",
    "because",
  ),
  "Closing the present WAL segment": info("So that what it holds can be restored soon.", "because"),
  "Slot made": info("barman receives WAL with it.", "host slot because"),
  "Slot made again": warning(
    "The slot was gone or invalid.",
    "Look whether the WAL has a gap: `postdock barman list`.",
    "host slot because",
  ),
  "The former primary could not be looked at": debug("barman has gone over to another node meanwhile.", "why"),
  "How far the receiver is behind cannot be seen": debug("The next look follows.", "why"),
  "What can be restored could not be read for the metrics": warning("They are absent meanwhile.", nothing, "why"),
  "The slots could not be checked": debug("The next look follows.", "error"),
  "The slot on a standby could not be checked": warning("It is looked at again.", nothing, "host because"),
  "barman check passed": info("All of barman's own checks pass again."),
  "barman check did not pass": warning(
    "Some of barman's own checks failed.",
    "Type `barman check all` in barman's container.",
    "failures error",
  ),
  "Sending a WAL file to a node": info("The node lacks it.", "file"),
  "WAL stored": debug("It is in the object store.", "files newest waiting"),
  "The object store can be used again": info("What waited is stored.", "part failures"),
  "The object store does not get what it lacks; it is tried again": error(
    "The second place falls behind; backups and WAL stay on barman's volume.",
    asTold,
    "part because fix afterMs",
  ),
  "The object store cannot be read": warning("It is tried again.", "The reason says why.", "because"),
  "BACKUP_DIR holds no backups, but the object store does: only their cluster is followed": warning(
    "barman's volume is new or was lost.",
    asTold,
    "systemIdentifier backups fix",
  ),
} as const;
