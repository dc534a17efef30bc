// Values of variables that are paths.
import { env, MalformedValue, plainText } from "./env.ts";

/** A path that begins with /, without a / at its end. Throws MalformedValue. */
export const absolutePath = (text: string) => {
  plainText(text);
  const path = text.replace(/\/+$/, "");
  if (!path.startsWith("/")) throw new MalformedValue("is not an absolute path other than /");
  return path;
};

/** A file for scripts of the operator. */
export const path = (name: string, doc: string, defaultText: string) =>
  env<string | null>(name, absolutePath, {
    fallback: null,
    defaultText,
    accepts: "an absolute path",
    doc,
    changed: "PostDock writes this file and no longer reads it.",
  });
