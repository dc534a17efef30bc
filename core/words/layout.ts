// PURE: tables and trees as text, and text that no terminal takes for an order.

// deno-lint-ignore no-control-regex -- they are what is replaced
const control = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g;

/** Without control characters but line breaks and tabs: what other containers and PostgreSQL say reaches terminals. */
export const printable = (text: string): string => text.replaceAll(control, "\ufffd");

/** Each column is as wide as its widest cell; the last is not padded. The first row is the head; all rows are of its length. */
export function table(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, i) => Math.max(...rows.map((row) => (row[i] ?? "").length)));
  return rows.map((row) =>
    row.map((cell, i) => i === row.length - 1 ? cell : cell.padEnd(widths[i]!)).join("  ").trimEnd()
  );
}

/** An item of a tree, and the mark before its name. */
export interface Branch<T> {
  item: T;
  /** "" at the top, "|- " below it, "|  |- " below that */
  mark: string;
}

/** Every item below its parent, depth first. An item that is its own ancestor is left out there. */
export function tree<T>(tops: readonly T[], childrenOf: (item: T) => readonly T[]): Branch<T>[] {
  const below = (item: T, depth: number, above: readonly T[]): Branch<T>[] => {
    const mark = `${"|  ".repeat(Math.max(0, depth - 1))}${depth > 0 ? "|- " : ""}`;
    const line = [...above, item];
    const children = childrenOf(item).filter((child) => !line.includes(child));
    return [{ item, mark }, ...children.flatMap((child) => below(child, depth + 1, line))];
  };
  return tops.flatMap((item) => below(item, 0, []));
}
