// Cuts chunks of text into whole lines, in linear time and bounded memory: what a client sends, PostgreSQL may log in one line.

/** A longer line is cut here, characters. */
export const longestLine = 64 * 1024;

/** What a line ends with that was cut. */
export const cutMark = / \.\.\. \(cut: the line has \d+ characters\)$/;

/** Cuts chunks into lines; progress output that ends in \r counts as lines too. Of a long line comes the beginning, with cutMark. */
export function lineSplitter(onLine: (line: string) => void): { push(chunk: string): void; end(): void } {
  let kept = "";
  let length = 0;
  const add = (part: string) => {
    if (kept.length < longestLine) kept += part.slice(0, longestLine - kept.length);
    length += part.length;
  };
  const end = () => {
    const line = length > kept.length ? `${kept} ... (cut: the line has ${length} characters)` : kept;
    kept = "";
    length = 0;
    if (line) onLine(line);
  };
  return {
    push(chunk) {
      const [first = "", ...others] = chunk.split(/\r?\n|\r/);
      add(first);
      for (const part of others) {
        end();
        add(part);
      }
    },
    end,
  };
}
