// PURE: events of the majority lease: voters, epochs, the fence.
import { asTold, error, info, nothing, warning } from "./event.ts";

export const leaseEvents = {
  "Voting on the lease": info("This container is a voter.", "as voters"),
  "Lease granted": info("This voter has promised the lease to another holder than before.", "to term"),
  "Epoch granted": info("This voter has granted a new leadership.", "to epoch because"),
  "The epochs that this voter has granted cannot be read; it grants none": error(
    "The file is damaged. Until it is mended this voter does not count towards a majority for a new primary.",
    asTold,
    "file fix",
  ),
  "This voter cannot record its LEASE_TTL, and grants shorter leases only": error(
    "The voter's volume refuses a write.",
    "Make room on the volume, or see why it cannot be written.",
    "ttlMs why",
  ),
  "The longest lease that this voter has granted cannot be read": warning(
    "The voter is silent after its start for as long as the longest lease that is possible.",
    nothing,
    "file assumedMs",
  ),
  "The longest lease could not be recorded; this voter is silent for longer after its next start": warning(
    "The voter's volume refuses a write.",
    "Make room on the volume.",
    "why",
  ),
  "Another node is configured with other voters": warning(
    "Two containers count different majorities; neither grants the other a lease.",
    asTold,
    "host theirs ours fix",
  ),
  "Epoch reserved": info("A majority of the voters has granted this node a leadership.", "epoch term"),
  "Lease acquired": info("A majority has granted this node the lease.", "term forMs"),
  "Lease released": info("This node has given the lease back.", "term because"),
  "Lease not released: PostgreSQL processes do not end": error(
    "The lease runs out by itself; only then another node may lead.",
    "Look at the disk of the container's volume, and at the host's kernel log.",
    "because",
  ),
  "Lease lost": error(
    "No majority of the voters has renewed the lease in time.",
    "`postdock cluster show` names the voters that do not answer. Start them, or mend the network.",
    "because fenced gone",
  ),
  "Fenced": warning(
    "This node was primary, lost the lease, and has ended PostgreSQL before another node may lead.",
    "Look why it lost the lease: `because` says which voters did not answer. It comes back by itself.",
    "because term",
  ),
  "Failover safety lost": warning(
    "So many voters did not grant the lease that the loss of one more leaves no majority.",
    "`postdock cluster show` names the voters that do not answer. Start them before anything else happens.",
    "because",
  ),
  "Failover safety restored": info("The loss of any one voter leaves a majority again.", "because"),
  "A voter did not know the epoch of this leadership": info(
    "The primary has reminded a voter, so that it cannot grant an older leadership.",
    "voter epoch granted because",
  ),
  "A voter that does not know the epoch of this leadership does not answer": info("It is reminded later.", "voter why"),
  "The fence process is not favoured over others; the processes of PostgreSQL are ended before it": info(
    "Linux refuses the agent a lower score for the fence process. It still outlives PostgreSQL.",
    "oomScore missing fix",
  ),
  "The fence process has ended PostgreSQL": warning(
    "The agent did not renew in time, so the process beside it ended PostgreSQL.",
    "Look at what kept the agent: a frozen container, no CPU time, no memory.",
    "said",
  ),
  "The fence process does not answer": warning(
    "The agent starts another one, and does not lead without it.",
    nothing,
    "forMs",
  ),
  "Running without a majority lease": warning(
    "Too few voters are configured, so nothing keeps two nodes from leading after a partition.",
    asTold,
    "because fix",
  ),
} as const;
