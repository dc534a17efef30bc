// The shell examples of a page that are meant to be executed: fenced blocks that begin with ```sh run.

export interface DocExample {
  /** line of the page where its first command stands */
  line: number;
  script: string;
}

/** The examples of a Markdown text, in order. Throws if a block does not end. */
export function docExamples(markdown: string): DocExample[] {
  const lines = markdown.split("\n");
  return lines.flatMap((text, i) => {
    if (!/^```sh run\s*$/.test(text)) return [];
    const end = lines.findIndex((l, j) => j > i && /^```\s*$/.test(l));
    if (end < 0) throw new Error(`The example in line ${i + 1} has no end`);
    return [{ line: i + 2, script: lines.slice(i + 1, end).join("\n") }];
  });
}
