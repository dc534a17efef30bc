// Cuts chunks of text into whole lines.

/** Cuts chunks into lines; progress output that ends in \r counts as lines too. */
export function lineSplitter(onLine: (line: string) => void): { push(chunk: string): void; end(): void } {
  let rest = "";
  return {
    push(chunk) {
      const parts = (rest + chunk).split(/\r?\n|\r/);
      rest = parts.pop() ?? "";
      for (const part of parts) if (part) onLine(part);
    },
    end() {
      if (rest) onLine(rest);
      rest = "";
    },
  };
}
