// PURE: whether the container has shared memory enough for parallel queries, which is all that notices.
import type { Trouble } from "../../../core/protocol/trouble.ts";
import { sizeText } from "../../../core/words/amounts.ts";

/** Parallel queries fail with less, bytes. Docker gives 64 MB. */
const enoughBytes = 128 * 1024 * 1024;

/** What is wrong with a /dev/shm of this size; null: nothing. */
export function sharedMemoryTrouble(totalBytes: number): Trouble | null {
  if (totalBytes >= enoughBytes) return null;
  return {
    because: `/dev/shm has ${
      sizeText(totalBytes)
    }, with which parallel queries fail: "could not resize shared memory segment"`,
    fix: "set shm_size: 256mb (Compose) or --shm-size=256m for this node; on Kubernetes, mount an emptyDir in memory",
  };
}
