// PURE: WAL of a rewound node that its new history has left.
import { parseLsn, type TimelineFork } from "../../../core/postgres/lsn.ts";
import { parseWalName } from "../../../core/postgres/wal-name.ts";

/**
 * Files that hold WAL of an ancestor from where its child begins on. The child has its own copy of what comes before that in the
 * same segment. If that copy is lost, PostgreSQL reads on in the ancestor's file (XLogFileReadAnyTLI in xlogrecovery.c of PostgreSQL
 * 17), past the fork, and so what this node was rewound from.
 */
export function beyondForks(
  names: readonly string[],
  history: readonly TimelineFork[],
  segmentBytes: number,
): string[] {
  const ends = new Map(history.map((fork) => [fork.timeline, parseLsn(fork.endLsn)]));
  return names.filter((name) => {
    const file = parseWalName(name, segmentBytes);
    const end = file === null ? undefined : ends.get(file.timeline);
    return end !== undefined && file!.segment >= end / BigInt(segmentBytes);
  });
}
