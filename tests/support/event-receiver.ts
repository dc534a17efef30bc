// The receiver of docs/being-told.md, as the page prints it.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { root } from "../../tools/terminal.ts";

/** The Python text. Throws if the page has no such block. */
export async function receiverScript(): Promise<string> {
  const page = await readFile(join(root, "docs/being-told.md"), "utf8");
  const script = /^```python run\n([\s\S]*?)^```$/m.exec(page)?.[1];
  if (script === undefined) throw new Error("docs/being-told.md has no receiver");
  return script;
}
