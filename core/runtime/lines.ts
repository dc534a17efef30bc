// Cuts chunks of text into whole lines, in linear time and bounded memory: what a client sends, PostgreSQL may log in one line, or
// in as many as it likes.

/** A longer line is cut here, characters. */
export const longestLine = 64 * 1024;

/** What a line ends with that was cut. */
export const cutMark = / \.\.\. \(cut: the line has \d+ characters\)$/;

/** So many lines in a row that begin with a tab are kept: so PostgreSQL and pgpool begin the further lines of one message. */
export const mostFurther = 200;

/**
 * Cuts chunks into lines. Of a long line comes the beginning, with cutMark. `progress`: what ends in \r counts as a line, too. It is
 * false for a log with words of clients, who could begin a line of their own by it.
 */
export function lineSplitter(
  onLine: (line: string) => void,
  { progress = true }: { progress?: boolean } = {},
): { push(chunk: string): void; end(): void } {
  const ending = progress ? /\r?\n|\r/ : /\r?\n/;
  let kept = "";
  let length = 0;
  let further = 0;
  const add = (part: string) => {
    if (kept.length < longestLine) kept += part.slice(0, longestLine - kept.length);
    length += part.length;
  };
  const tellOfMore = () => {
    if (further > mostFurther) onLine(`\t... (cut: ${further - mostFurther} more lines)`);
    further = 0;
  };
  const endLine = () => {
    const line = length > kept.length ? `${kept} ... (cut: the line has ${length} characters)` : kept;
    kept = "";
    length = 0;
    if (line === "") return;
    if (!line.startsWith("\t")) tellOfMore();
    else if (++further > mostFurther) return;
    onLine(line);
  };
  return {
    push(chunk) {
      const [first = "", ...others] = chunk.split(ending);
      add(first);
      for (const part of others) {
        endLine();
        add(part);
      }
    },
    end() {
      endLine();
      tellOfMore();
    },
  };
}
