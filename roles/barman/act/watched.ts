// Runs a program that fills a directory, and says how far it is.
import { dirname } from "node:path";
import { run } from "../../../core/runtime/command.ts";
import { diskSpace } from "../../../core/runtime/files.ts";
import { every } from "../../../core/runtime/time.ts";
import { sizeText } from "../../../core/words/amounts.ts";
import { errorText } from "../../../core/words/errors.ts";
import { progressOf } from "../decide/progress.ts";
import { copyMs, type Into, prepared, sayEveryMs } from "./copy-server.ts";

/** Runs a program that fills a directory of so many bytes, and says how far it is. */
export async function runWatched(
  argv: readonly string[],
  { to, bytes }: { to: string; bytes: number | null },
  into: Into,
): Promise<void> {
  const { clock, say } = into;
  const done = new AbortController();
  const before = (await diskSpace(dirname(to))).usedBytes;
  const since = clock.nowMs();
  const watching = every(sayEveryMs, async () => {
    const forMs = clock.nowMs() - since;
    if (forMs < sayEveryMs) return;
    const streamedBytes = Math.max(0, (await diskSpace(dirname(to))).usedBytes - before);
    const { bytesPerSecond, leftSeconds } = progressOf({ streamedBytes, totalBytes: bytes }, forMs);
    const left = leftSeconds === null ? "" : `, about ${leftSeconds} s left`;
    say(
      `  copied about ${sizeText(streamedBytes)}${
        bytesPerSecond === null ? "" : ` at ${sizeText(bytesPerSecond)}/s`
      }${left}`,
    );
  }, { clock, signal: done.signal, onError: (error) => say(`  the progress cannot be seen: ${errorText(error)}`) });
  try {
    await run(...prepared(argv, into, copyMs));
  } finally {
    done.abort();
    await watching;
  }
}
