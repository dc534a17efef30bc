// PURE: events of the PostgreSQL server of a node: its start, its settings, its slots, its volume.
import { asTold, either, error, info, nothing, warning } from "./event.ts";

const room = "Give the volume more room. `postdock cluster doctor` says what fills it.";

export const serverEvents = {
  "PostgreSQL does not answer yet": info("The agent asks again.", "why"),
  "The local server did not answer": warning(
    "A look at PostgreSQL failed; the next one follows at once.",
    nothing,
    "why",
  ),
  "The server has ended": warning("PostgreSQL has ended by itself and is started again.", asTold, "because fix"),
  "The attempt failed": warning("The node could not start, and tries again after a pause.", asTold, "because fix"),
  "An unexpected error": error("A fault of PostDock. The node tries again.", "Report it, with this line.", "error"),
  "Trying again after a pause": warning("It follows a failure.", "See the line before.", "afterMs"),
  "Starting again": info("The server is started again, so that a changed setting counts.", "because"),
  "Ending the processes of a server that died": warning("The postmaster died and left processes.", nothing, "pids"),
  "Removing a stale postmaster.pid: its server no longer runs": info("It is left from an earlier run.", "pid"),
  "Crash recovery completed": info("The data were brought to a clean end before a rewind.", "because tookMs"),
  "The crash recovery failed": warning(
    "The data could not be brought to a clean end.",
    "Nothing, if another node leads: this one is cloned.",
    "because why tookMs",
  ),
  "A setting was taken back": either(
    ["info", "warning"],
    "ALTER SYSTEM has set what PostDock itself decides.",
    asTold,
    "name value fix",
  ),
  "A setting is raised, since the primary has more": warning(
    "A standby does not start with less than the primary has.",
    asTold,
    "name own primary fix",
  ),
  "A variable differs between the nodes": warning("It has to be the same on all nodes.", asTold, "what fix"),
  "A role was set right": info("A database role had other rights or another password than configured.", "role because"),
  "Dropping a slot that no node needs": info("A slot would keep WAL for a node that is gone.", "slot because"),
  "Dropping a slot of an earlier leadership": info("It would keep WAL on this standby for ever.", "slot because"),
  "Slots that nobody uses give way, since the volume is nearly full": warning(
    "The nodes behind these slots have to be cloned if they come back.",
    room,
    "slots totalBytes freeBytes",
  ),
  "Slot created on the upstream": info("This standby streams with it.", "upstream slot"),
  "The slot could not be created on the upstream": warning("It is tried again.", nothing, "upstream slot error"),
  "A duty failed; it is tried again at each look": warning("A regular task of the node failed.", nothing, "duty why"),
  "The agent cannot see its server": warning(
    "The server does not let its agent in, or answers nothing.",
    asTold,
    "because fix",
  ),
  "The upstream is reached another way": info("By its name, or by its last address.", "upstream by because"),
  "Removing records of nodes that have another id now": info("repmgr would refuse the new ones.", "records"),
  "Parallel queries may fail": warning("/dev/shm is small.", asTold, "because fix"),
  "The volume of the data directory is full": warning("The node goes on as a voter.", room, "pgdata why"),
  "Custom metrics could not be read": warning("They are absent meanwhile.", nothing, "why"),
  "A query of METRICS_QUERIES has failed, or is cut": warning(
    "Its metrics are absent, or not complete.",
    "Mend the query in the file, then restart the container.",
    "query why file",
  ),
  "A metric of METRICS_QUERIES is left out: there is one of that name": warning(
    "PostDock's own stays.",
    "Give the query in the file another name.",
    "metric",
  ),
  "Metrics of PostgreSQL could not be read": warning(
    "Series of that source are absent meanwhile.",
    nothing,
    "source why",
  ),
  "The history could not be written": warning("The volume refuses a write.", room, "error"),
  "The age of this node's data could not be written": warning("The volume refuses a write.", room, "why"),
  "It is not known for how long this node has not streamed: the age of its data counts from now": warning(
    "The file with the age is damaged.",
    nothing,
    "file",
  ),
  "No room could be set aside for a recovery on a full volume": warning("The reserve is not there.", room, "why"),
  "No room could be made": warning("The volume is full, and nothing on it can be spared.", room, "why"),
  "Removing WAL files that this server can spare": warning("The volume is full.", room, "because files"),
  "Giving up the reserve": warning("The volume is full, and the server needs the room to start.", room, "because room"),
  "The volume is too small to last": warning("WAL alone can fill it.", asTold, "pgdata totalBytes smallestBytes fix"),
  "The size of the volume cannot be seen; max_slot_wal_keep_size is 8 GB": warning(
    "The bound of slots cannot follow the volume's size.",
    "Set max_slot_wal_keep_size in CONFIGS if 8 GB do not fit.",
    "pgdata error",
  ),
  "The size of /dev/shm cannot be seen; parallel queries need 128 MB of it": warning(
    "PostgreSQL shares memory there.",
    "Start the container with a shm_size of 128 MB or more.",
    "error",
  ),
  "The volume cannot be locked: two containers on it would not notice each other": warning(
    "The file system has no locks.",
    asTold,
    "pgdata fix",
  ),
  "Waiting for the container that uses this volume": warning(
    "Another container has the volume.",
    "Stop it, if it is not about to end.",
    "because forMs",
  ),
  "The lock of the volume is lost": error(
    "Another container may use the volume from now on; this one ends.",
    "See that no second container is on this volume.",
    "pgdata",
  ),
  "The lock of the volume was lost and taken again": warning(
    "The process that held it has died.",
    "Look at what ended it, mostly a lack of memory.",
  ),
} as const;
