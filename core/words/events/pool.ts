// PURE: events of pgpool, and of looking for the primary, which pgpool and barman share.
import { asTold, debug, error, info, nothing, warning } from "./event.ts";

export const poolEvents = {
  "No primary in sight": warning(
    "No node says that it is primary and holds the lease.",
    "`postdock cluster show` says what each node waits for.",
    "because following",
  ),
  "Primary in sight": info("pgpool is to send writes there.", "backend host timeline"),
  "pgpool serves the primary": info("Writes reach the primary that was seen last.", "afterMs"),
  "Starting pgpool": info("It begins with what is known of the nodes.", "primary up because"),
  "pgpool shows its new certificate after its next start": warning(
    "There is a new certificate, and pgpool reads its own only when it starts.",
    "Restart the container before the former one ends.",
    "fix",
  ),
  "pgpool has ended": warning(
    "It ended by itself and is started again.",
    "Its last lines say why.",
    "code signal lines",
  ),
  "Restarting pgpool with a status file": warning(
    "pgpool's own view was wrong, and could not be set right while it runs.",
    nothing,
    "up because",
  ),
  "Pool changed": info("A backend was attached or detached.", "action backend host because"),
  "The pool could not be changed": warning(
    "It is tried again, or pgpool is started again.",
    nothing,
    "action backend host because why",
  ),
  "The pool could not be mended": error("A look at the pool met a fault. The next one follows.", nothing, "error"),
  "DNS is silent or late: the last good addresses are used": warning(
    "pgpool looks names up for each connection; they stand in /etc/hosts until DNS has answered at once for 30 s.",
    "Mend the DNS of this container.",
    "hosts",
  ),
  "DNS answers again: its addresses are used": info("What stood in /etc/hosts is taken out.", "hosts"),
  "The last good addresses could not be written to /etc/hosts": warning(
    "DNS does not answer well, and each new connection of pgpool waits for it.",
    "Mend the DNS of this container, or mount a file there that PostDock may write.",
    "why",
  ),
  "pgpool could not be asked": debug("The next look follows.", "why"),
  "max_connections could not be read": debug("The next look follows.", "why"),
  "pgpool may run out of connections": warning(
    "The children of pgpool could open more connections than PostgreSQL allows.",
    "Lower num_init_children or max_pool, or raise max_connections, as the reason says.",
    "because",
  ),
  "A login through pgpool failed": warning(
    "The check logs in as a client would.",
    "Compare the password of CHECK_USER here with the one in PostgreSQL.",
    "user why",
  ),
  "A login failed: pgpool does not know the user": warning("A client was refused.", asTold, "user fix"),
} as const;
