// The words of a file as a reader meets them: the string literals of code, the sentences and tables of Markdown.

/** The text of every string and template literal of a source without comments. */
export function literalsOf(code: string): string[] {
  const literal = /"((?:[^"\\\n]|\\.)*)"|'((?:[^'\\\n]|\\.)*)'|`((?:[^`\\]|\\[\s\S])*)`/g;
  return [...code.matchAll(literal)].map((m) => m[1] ?? m[2] ?? m[3] ?? "");
}

/** The sentences of a Markdown text, without code blocks, headings, tables and the targets of links. */
export function sentencesOf(markdown: string): string[] {
  const prose = markdown.replaceAll(/^```[\s\S]*?^```/gm, "").replaceAll(/\]\([^)]*\)/g, "]").split("\n")
    .filter((line) => !line.startsWith("|") && !line.startsWith("#")).join("\n");
  const blocks = prose.split(/\n\s*\n|\n(?=\s*(?:- |\d+\. ))/);
  return blocks.flatMap((block) => block.trim().split(/(?<=[.!?:;])\*{0,2}\s+/)).filter((sentence) => sentence !== "");
}

/** How many words a sentence has. */
export const wordsIn = (sentence: string): number => sentence.split(/\s+/).filter((w) => w !== "").length;

/** The lines of tables in a Markdown text that are longer than `most` columns, by their number. */
export function wideRows(markdown: string, most: number): number[] {
  return markdown.split("\n").flatMap((line, i) => line.startsWith("|") && line.length > most ? [i + 1] : []);
}

/** The paths below one of our folders that a Markdown text names in code; `…/` is the folder of the node. */
export function pathsNamedIn(markdown: string): string[] {
  const named = [...markdown.matchAll(/`((?:…|[a-z][a-z-]*)\/[\w.\/-]*)/g)].map((m) => m[1]!);
  return named.map((path) => path.replace(/^…\//, "roles/postgres-node/")).filter((path) =>
    /^(cli|config|core|roles|images|compose|tests|tools|docs)\//.test(path)
  );
}
