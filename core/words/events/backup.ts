// PURE: events of base backups: taken, kept, verified, sent.
import { asTold, debug, error, info, nothing, warning } from "./event.ts";

export const backupEvents = {
  "Next base backup": info("The schedule's next turn.", "schedule at"),
  "Base backup starts": info("barman begins a copy.", "because host role chosenBecause kind kindBecause"),
  "Base backup under way": info("So much is copied.", "copied of perSecond leftSeconds"),
  "Base backup copied": info("The copy is complete; its last WAL follows.", "durationMs id size"),
  "Base backup is complete with its WAL": info("The cluster can be restored from it.", "id sizeBytes"),
  "Base backup failed": error(
    "The copy failed. It is tried again after a pause.",
    asTold,
    "durationMs host because fix",
  ),
  "Base backup did not get its last WAL; another one is taken": error(
    "Nothing can be restored from that backup.",
    "Nothing; if it happens again, look at the events of WAL before it.",
    "id because",
  ),
  "Base backup cut off: the container stops": warning("It is taken after the next start.", nothing, "durationMs"),
  "Base backup cut off: another node has become primary": warning(
    "It is taken again at once.",
    nothing,
    "durationMs from to",
  ),
  "A base backup could not be started": error("It is tried again.", "The error says why.", "error"),
  "The base backup is tried again": info("The pauses between attempts grow.", "failures afterMs because"),
  "An incremental backup cannot be taken": warning("A full one is taken instead.", asTold, "because fix"),
  "There is no base backup yet: the cluster cannot be restored before the first one": warning(
    "barman is new.",
    asTold,
    "fix",
  ),
  "The progress of the base backup cannot be seen": debug("The next look follows.", "host why"),
  "Backup is removed": warning("The retention no longer needs it, or it is not whole.", nothing, "id because"),
  "A backup is no longer kept for a restore": info("The restore is over.", "backup restore because"),
  "A node that keeps data from before a restore knows of a backup from after it": info(
    "The node may remove these data.",
    "host backup because",
  ),
  "A node could not be told of the backup after its restore": warning("It is tried again.", nothing, "host backup why"),
  "Verifying the newest backup": info("Every file is read and compared with its checksum.", "because"),
  "The newest backup can be restored": info(
    "All files and all WAL are there and whole.",
    "backup atMs tookMs reached error",
  ),
  "The newest backup cannot be restored as it should": error(
    "Files or WAL are missing or damaged.",
    asTold,
    "backup atMs tookMs reached error fix",
  ),
  "The newest backup could not be verified": error(
    "The verification itself failed.",
    "The reason says why.",
    "because",
  ),
  "Sending a base backup to a node": info("A node is restored.", "backup entries bytes"),
  "A base backup cannot be sent": warning("A node asked for it.", "The error says why.", "backup why"),
  "Changing the owner of the backups to postgres": info("An older image ran as another user.", "directory formerUid"),
  "Removing what was prepared for a restore that is over": info("It is no longer needed.", "names directory"),
  "Base backup is stored in the object store": info("The copy begins.", "id url"),
  "Base backup is in the object store": info("The copy is complete.", "id durationMs"),
  "Backup is removed from the object store": warning("It was removed here as well.", nothing, "id because"),
  "The exemption of a backup changes in the object store": info("As `postdock barman keep` asks.", "id keep"),
} as const;
