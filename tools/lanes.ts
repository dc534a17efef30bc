// PURE: work in lanes: so many pieces at a time, each lane takes the next one as soon as it is free.

/** Does the work for every item, so many at a time, and begins in their order. Throws the first error once all have ended. */
export async function inLanes<T>(items: readonly T[], lanes: number, work: (item: T) => Promise<void>): Promise<void> {
  const queue = items.values();
  const lane = async () => {
    for (const item of queue) await work(item);
  };
  const ended = await Promise.allSettled(Array.from({ length: lanes }, lane));
  const failed = ended.find((end) => end.status === "rejected");
  if (failed) throw failed.reason;
}
