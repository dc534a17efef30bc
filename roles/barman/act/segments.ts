// Closes WAL segments: an idle server keeps its last segment open, although a check or a backup waits for it.
import { archiveWal } from "../tools/barman-cli.ts";
import { loginTo } from "../tools/login.ts";
import { closeSegment, visit } from "../tools/queries.ts";
import { hasWalToArchive } from "./received-wal.ts";
import type { Barman } from "../state.ts";

/** Least time between two closed segments, milliseconds: each costs 16 MB of WAL. */
export const closeEveryMs = 5_000;

/** Closes the primary's present segment, at most once per `closeEveryMs`. */
export async function closePresentSegment(
  barman: Barman,
  memory: { lastCloseMs: number },
  because: string,
): Promise<void> {
  const { state, log, clock } = barman;
  if (state.primary === null || clock.nowMs() - memory.lastCloseMs < closeEveryMs) return;
  memory.lastCloseMs = clock.nowMs();
  log.info("Closing the present WAL segment", { because });
  await visit(loginTo(state.primary, barman), 10_000, closeSegment);
}

/** Gives the receiver up to 3 s to get the closed segment, and archives it. */
export async function archiveUntilQuiet(barman: Barman): Promise<void> {
  const { clock, stop, config } = barman;
  const end = clock.nowMs() + 3_000;
  while (clock.nowMs() < end && !stop.aborted && !(await hasWalToArchive(barman))) await clock.sleep(100, stop);
  await archiveWal(config.serverName, stop);
}
