// PURE: events of a node's data: made, cloned, rewound, restored, put aside.
import { error, info, nothing, warning } from "./event.ts";

export const dataEvents = {
  "Bootstrapped": info("An empty cluster is made.", "database seconds"),
  "The temporary server of the bootstrap could not be stopped": error(
    "The bootstrap is tried again.",
    nothing,
    "error",
  ),
  "Running an initdb script": info("It is from /docker-entrypoint-initdb.d.", "file"),
  "Ignoring a file in the initdb directory": info("Its name does not end in .sh, .sql, or a compressed .sql.", "file"),
  "Cloning": info("The data of another node are copied.", "from bytes"),
  "Clone in progress": info("So much is copied.", "from percent kB"),
  "Cloned": info("The copy is complete.", "from bytes seconds"),
  "Removing the old data directory before the clone: the volume has no room for both": warning(
    "Until the clone is complete, this node has no data.",
    nothing,
    "volume freeBytes neededBytes entries",
  ),
  "Removing the old data directory; its replacement is in place": info("The clone is complete.", "entries"),
  "The old data are kept beside their replacement": warning(
    "They are from before a restore.",
    "Nothing at once; `postdock barman restore clean` removes them.",
    "directory entries",
  ),
  "Removing a file that was never completed": info("It is left from an interrupted write.", "file"),
  "Removing the remains of an unfinished clone; the data directory itself is complete": info(
    "The node starts with it.",
  ),
  "Removing a cluster whose bootstrap never finished; no client has used it": warning(
    "The container ended while it made an empty cluster.",
    nothing,
    "entries tablespaces",
  ),
  "Removing the slot of a standby, which makes it again if it follows this node": info(
    "It came with the data.",
    "slot",
  ),
  "Rewinding": info("What this node has beyond the primary's history is taken back.", "to"),
  "Rewound": info("This node follows the primary's history again.", "to seconds"),
  "Not rewound": warning("A rewind is not possible; the node is cloned.", nothing, "why"),
  "The rewind failed": warning("The node is cloned.", nothing, "to seconds dataChanged why"),
  "The end of WAL could not be read; the position in the control file is a lower bound": warning(
    "The node may be taken for older than it is.",
    nothing,
    "stderr",
  ),
  "The timeline history could not be read": warning("It is asked for again.", nothing, "from timeline error"),
  "History files of timelines removed": info("A restore would take the wrong timeline.", "files because"),
  "WAL that the history has left was removed": info(
    "A rewind has left it, and recovery would read it.",
    "files because",
  ),
  "Whether a file hides WAL could not be seen": warning("The file stays.", nothing, "error"),
  "Removing a WAL file that hides WAL which is already here": warning(
    "Recovery would have stopped at it.",
    nothing,
    "file reaches because",
  ),
  "WAL fetched from barman": info("It was no longer on the upstream.", "file from tookMs"),
  "WAL fetched from barman for the recovery": info("A rewind or a recovery needs it.", "file"),
  "WAL could not be fetched from barman": warning("It is asked for again.", "See that barman runs.", "file why"),
  "Restore begun": warning(
    "An operator restores the cluster from a backup. Nobody can write until it has ended.",
    "Nothing, if it was you. `postdock barman restore abort` undoes it.",
    "because target backup",
  ),
  "Fetching a base backup": info("It comes from barman.", "backup from files bytes filesThere by"),
  "Base backup fetched": info("The copy is complete.", "backup files bytes"),
  "A part of a base backup could not be fetched": warning(
    "It is tried again.",
    "See that barman runs and can be reached.",
    "backup from attempt why",
  ),
  "Removing what does not belong to the base backup": warning(
    "It is from an earlier copy.",
    nothing,
    "directory entries names",
  ),
  "Restored": info("The cluster runs with the restored data.", "backup target restore"),
  "Restore ended": info("The restore was given up, or could not be done.", "because restore backup"),
  "The copy of the backup is removed; the data here were not touched": info("The restore has ended.", "restore"),
  "Putting back the data from before the restore; what was restored is removed": warning(
    "The restore has failed or was given up.",
    nothing,
    "restore",
  ),
  "The restored data keep their marker": warning("A file could not be removed; it does no harm.", nothing, "error"),
  "Old data removed": info("The data from before a restore are gone.", "because restores bytes"),
  "Removing the data from before a restore": warning(
    "They are no longer kept, for the reason that is given.",
    nothing,
    "restore because",
  ),
  "The data from before a restore could not be removed; tried again": warning("The volume refuses it.", nothing, "why"),
  "The data from before the restore need not stay for ever: barman has a backup from after it": info(
    "They are removed when the volume needs the room.",
    "backup",
  ),
} as const;
