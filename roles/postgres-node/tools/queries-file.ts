// Reads the file of METRICS_QUERIES; the only file that knows the YAML package, which is loaded for it alone.
import { createHash } from "node:crypto";
import { readMounted } from "../../../core/runtime/files.ts";
import { errorText, ExitCode, OperatorError } from "../../../core/words/errors.ts";
import type { QueriesFile } from "../exporter/custom-metrics.ts";
import { acceptedForm, parseQueries } from "../exporter/custom-queries.ts";

/** Longest file, characters. */
const longest = 256 * 1024;

/** What the file holds; null: none is named. Throws OperatorError if it is not there, or not of the accepted form. */
export async function readQueriesFile(path: string | null): Promise<QueriesFile | null> {
  if (path === null) return null;
  const refused = (why: string, fix: string, cause?: unknown) =>
    new OperatorError({ what: `METRICS_QUERIES names ${path}, ${why}`, fix, exitCode: ExitCode.config, cause });
  const text = await readMounted(path).catch((error) => {
    throw refused(`which cannot be read: ${errorText(error)}`, "name a file that root can read", error);
  });
  if (text === null) throw refused("which is not there", "mount the file there, or correct the path");
  if (text.length > longest) throw refused("which is longer than 256 kB", "keep fewer queries in it");
  const { parse } = await import("yaml");
  let document: unknown;
  try {
    document = parse(text, { maxAliasCount: 100 });
  } catch (error) {
    throw refused(`which is not YAML: ${errorText(error).split("\n")[0]}`, `write ${acceptedForm}`, error);
  }
  const parsed = parseQueries(document);
  if (!parsed.ok) throw refused(`which is not as it has to be: ${parsed.problems.join("; ")}`, `write ${acceptedForm}`);
  return { path, hash: createHash("sha256").update(text).digest("hex"), queries: parsed.queries };
}
