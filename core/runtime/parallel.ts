// Work on many things, some at the same time.
import { errorText } from "../words/errors.ts";

/**
 * Does `work` on every item, on at most `most` at the same time. After a failure nothing more begins. The failure is thrown once
 * all that had begun is over.
 */
export async function inParallel<T>(most: number, items: Iterable<T>, work: (item: T) => Promise<void>): Promise<void> {
  const iterator = items[Symbol.iterator]();
  const failures: unknown[] = [];
  const oneAfterAnother = async () => {
    while (failures.length === 0) {
      const next = iterator.next();
      if (next.done) return;
      await work(next.value).catch((error) => failures.push(error));
    }
  };
  await Promise.all(Array.from({ length: most }, oneAfterAnother));
  if (failures.length > 0) throw failures[0];
}

/** The same, but no failure keeps the rest from being done. What failed is thrown once all is over. */
export async function inParallelAll<T>(
  most: number,
  items: Iterable<T>,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const failures: unknown[] = [];
  await inParallel(most, items, (item) => work(item).catch((error) => void failures.push(error)));
  if (failures.length === 1) throw failures[0];
  if (failures.length > 1) throw new AggregateError(failures, [...new Set(failures.map(errorText))].join("; "));
}
