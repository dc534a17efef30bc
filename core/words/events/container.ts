// PURE: events of every container: its processes, its requests, its settings.
import { asTold, either, error, info, nothing, warning } from "./event.ts";

export const containerEvents = {
  "Agent": info("The agent begins another phase of its work, as in /status.", "phase doing because"),
  "Output": either(
    ["debug", "info", "warning", "error"],
    "A line that a process of the container has printed. It is not counted in postdock_events_total.",
    null,
    "process line",
  ),
  "Stopping": info("The container was asked to stop.", "because"),
  "Stopped": info("The container has ended its work.", "because"),
  "The container stops": error("The container cannot go on.", "Do what `error.fix` says.", "error"),
  "Process started": info("A process of the container has started.", "process pid"),
  "Process could not be started": error(
    "A process of the container could not be started. It is tried again.",
    "The error names the program; see that the image is whole.",
    "process error",
  ),
  "Process is held back": warning(
    "A process may not start yet.",
    "The reason says what it waits for.",
    "process because",
  ),
  "Process ended": either(
    ["info", "warning"],
    "A process has ended and is not started again; a warning if it failed.",
    "Read what the process printed before: the events Output with its name.",
    "process code signal livedMs",
  ),
  "Process ended, restarting": warning(
    "A process has ended by itself and is started again after a pause.",
    "If it happens often, read what it printed before: the events Output with its name.",
    "process code signal cause livedMs afterMs failuresInARow",
  ),
  "Process stopped": info("A process was stopped.", "process code signal"),
  "The signal was refused": error(
    "The system did not let the agent signal a process.",
    "See that nothing like seccomp or a removed capability (KILL, SETUID) keeps it from that.",
    "process pid signal",
  ),
  "Process does not end, not even after SIGKILL": error(
    "The kernel does not end a process; mostly its disk does not answer.",
    "Look at the disk of the container's volume, and at the host's kernel log.",
    "process",
  ),
  "Request failed": error("An HTTP request met a fault of PostDock.", "Report it, with this line.", "path error"),
  "Control request failed": error("A signed order met a fault.", "The error says why.", "path error"),
  "Control request refused": warning(
    "A signed order was refused: it is not of this cluster, too old, or does not fit the node.",
    "Set the same CLUSTER_KEY on all containers, and see that their clocks agree.",
    "path why",
  ),
  "Setting translated": warning(
    "CONFIGS has a setting of an older version; its present form is used.",
    "Write the present form in CONFIGS.",
    "why",
  ),
  "Passwords that everybody knows are in use": warning(
    "The variables have a default, or a password of PostDock's examples.",
    "Set others in the environment of all containers that have them, and make these containers again.",
    "variables",
  ),
  "A secret has another value in its file": info("It is used once the primary accepts it.", "variable"),
  "Another value of a secret is in use": info(
    "A password has changed, and this container follows.",
    "variable role because",
  ),
  "The file of a secret is not taken": warning("The value from before stays in use.", asTold, "variable because fix"),
  "A setting has no effect": warning("A variable is set that nothing reads.", "Remove it.", "why"),
  "TLS is not as it should be": warning("The certificate or key has a fault.", asTold, "because fix"),
  "TLS is as it should be again": info("What was wrong with the certificate or key is mended."),
  "TLS files taken": info("New files of TLS are in use: the operator's, or a certificate made here.", "directory"),
  "TLS files could not be loaded": warning(
    "The server could not be told to read its new certificate. It is tried again.",
    "The error says why.",
    "error afterMs",
  ),
  "The head of pg_hba.conf was written": info("Its first lines follow from TLS; the others stay as they are.", "tls"),
  "An event was sent": info("ON_EVENT has delivered an event.", "by sent attempt tookMs"),
  "An event could not be sent; it is tried again": warning(
    "The receiver of ON_EVENT_URL did not answer with 2xx.",
    "See that the receiver runs and can be reached from this container.",
    "by sent afterMs why",
  ),
  "An event was given up: it could not be sent": error(
    "The receiver did not take it at the last attempt, or the command failed.",
    "The error says why. The event itself is in the log, and mostly in the history.",
    "by sent attempt why",
  ),
  "An event was dropped: too many wait to be sent": error(
    "A hundred events wait for a receiver that does not take them.",
    "See that the receiver runs and can be reached from this container.",
    "by sent",
  ),
  "A duty failed; it is tried again": warning("A regular task failed once.", nothing, "error"),
} as const;
