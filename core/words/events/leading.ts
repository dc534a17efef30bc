// PURE: events of a node's role: who leads, how that changes, and what commits wait for.
import { asTold, either, error, info, nothing, warning } from "./event.ts";

export const leadingEvents = {
  "Role observed": info("PostgreSQL on this node has another role or upstream than before.", "role upstream timeline"),
  "Promotion requested": info("repmgrd has asked whether this node may be promoted.", "allowed because term"),
  "PostgreSQL leaves recovery": info("PostgreSQL has asked whether it may become read-write.", "allowed because"),
  "Promoted": info("This node is the primary now.", "because term epoch timeline tookMs"),
  "Not promoted": error(
    "No majority has granted this node a leadership, so nothing was asked of PostgreSQL.",
    "Nothing at once: the nodes elect again. `postdock cluster show` says what each waits for.",
    "because",
  ),
  "The promotion failed": error(
    "PostgreSQL did not become primary. The nodes elect again.",
    "The reason says what PostgreSQL found; `postdock cluster doctor` says what to type.",
    "because",
  ),
  "PostgreSQL did not confirm the promotion": warning(
    "pg_promote() gave an error; the agent looks whether it led all the same.",
    nothing,
    "error",
  ),
  "The server does not answer yet after its promotion": info("The agent asks again.", "why"),
  "The first WAL segment of this leadership is not ended early": info(
    "barman receives this segment at its usual end.",
    "why",
  ),
  "The first checkpoint after the promotion is complete": info(
    "From now on former primaries can be rewound to this node.",
    "tookMs",
  ),
  "The first checkpoint after the promotion failed": warning("It is tried again.", nothing, "why attemptsLeft"),
  "Handed over": info("The primary has stopped, and the standby that it chose leads.", "to because tookMs"),
  "The hand-over failed; the nodes elect a primary": warning(
    "The chosen standby did not take over.",
    nothing,
    "to because",
  ),
  "No standby can take over at once": warning(
    "The primary stops, and no standby has all that it needs to lead.",
    "`postdock cluster doctor` says what each standby lacks.",
    "because then atRisk",
  ),
  "Stopped without a hand-over": info("The primary has stopped; its standbys have all WAL.", "because"),
  "Stopped before its standbys had all WAL": warning(
    "The primary has stopped with commits that no standby has. They are lost if another node leads.",
    asTold,
    "because atRisk fix",
  ),
  "Shutting down without waiting for the checkpoint": info("The checkpoint took too long.", "why"),
  "Following another upstream": info("This standby streams from another node from now on.", "upstream because"),
  "Rejoined": info("This node is a standby again.", "way from because tookMs"),
  "An order came too late: the server has ended": info("The order is dropped.", "do to because"),
  "An order no longer fits the role of this server, and is dropped": warning(
    "The role changed between the order and its turn.",
    "Look at `postdock cluster show`, and type the order again if it still makes sense.",
    "do to because role",
  ),
  "A majority of PARTNER_NODES has joined; from now on a majority decides which node is the primary": info(
    "The cluster is complete for the first time.",
    "partners",
  ),
  "A majority counts again": info("A forced failover is over.", "because role epoch"),
  "Forced failover": warning(
    "An operator lets this node lead without a majority.",
    "Nothing, if it was you. What only the missing nodes had is lost once they come back.",
    "because missing",
  ),
  "A fresh cluster is made": warning(
    "An operator lets this node begin an empty cluster.",
    "Nothing, if it was you. `postdock barman restore` brings data back.",
    "because",
  ),
  "Automatic failover paused": warning(
    "A lost primary is not replaced until somebody resumes.",
    "Once your work is done, type `postdock cluster resume`.",
    "because",
  ),
  "Automatic failover resumed": info("A lost primary is replaced again.", "because"),
  "This node serves a cluster of its own": warning(
    "A majority of the voters belongs to another cluster than the data here.",
    asTold,
    "because fix",
  ),
  "The node's memory is of another cluster, and is forgotten": warning(
    "The data here were replaced.",
    nothing,
    "remembered here",
  ),
  "The node's memory is ignored; this node waits until it sees a majority": warning(
    "The file with what this node remembers is damaged.",
    "Nothing, if a majority of the nodes runs.",
    "file because",
  ),
  "Consistency degraded": warning(
    "Commits wait for less than CONSISTENCY promises, or they wait in vain.",
    "`postdock cluster doctor` names what is missing; mostly a standby has to come back.",
    "mode because",
  ),
  "Consistency restored": info("Commits wait for what CONSISTENCY promises again.", "mode because"),
  "Changing synchronous_standby_names": info("What commits wait for changes.", "mode names"),
  "Changing synchronized_standby_slots": info("What logical replication waits for changes.", "names"),
  "Registering with repmgr": info("The node's record in repmgr.nodes is written.", "role because"),
  "Registering with repmgr failed": warning("It is tried again.", nothing, "why"),
  "Marked records of former primaries inactive": info("repmgr.nodes had more than one active primary.", "nodeIds"),
  "Pod labelled": info(
    "The primary has changed the labels of a node's pod, by which services of Kubernetes select it.",
    "pod host role",
  ),
  "repmgr event": either(
    ["info", "warning"],
    "repmgr reports an event of its own; a warning if it failed.",
    "See repmgr's manual for the name in the field `repmgr`.",
    "repmgr nodeId details success",
  ),
  "repmgr failed": warning("A command of repmgr failed. It is tried again.", nothing, "command code why"),
  "repmgrd was paused and goes on": warning("Somebody has paused repmgrd beside PostDock.", asTold, "because fix"),
} as const;
