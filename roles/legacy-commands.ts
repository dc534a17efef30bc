// The names that 1.x deployments call are symlinks to the executable; the name it was called by picks the command.
import { basename } from "node:path";

const legacy: Readonly<Record<string, readonly string[]>> = {
  "is_major_master.sh": ["healthcheck", "is-major-master"],
  "has_enough_backends.sh": ["healthcheck", "has-enough-backends"],
  "wal-receiver.sh": ["barman", "receive-wal"],
  "has_write_node.sh": ["healthcheck", "has-write-node"],
};

/** The arguments that a legacy name stands for; none for `postdock` itself. */
export function legacyArguments(argv0: string): readonly string[] {
  return legacy[basename(argv0)] ?? [];
}
