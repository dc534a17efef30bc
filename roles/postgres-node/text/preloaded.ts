// PURE: the libraries that PostgreSQL loads by its settings. One that is not in the image stops the server, or every session.
import type { Setting } from "../../../config/list-syntax.ts";

/** The settings that name libraries, and the directory of a name without one (manual, 19.11.4). */
const directories: Readonly<Record<string, string>> = {
  shared_preload_libraries: "$libdir",
  session_preload_libraries: "$libdir",
  local_preload_libraries: "$libdir/plugins",
};

export interface Library {
  setting: string;
  name: string;
  /** one of these files is loaded */
  files: string[];
}

/** The libraries that these settings name, with `libdir` as PostgreSQL's own directory. Another search path cannot be judged. */
export function librariesOf(settings: readonly Setting[], libdir: string): Library[] {
  if (settings.some((s) => s.name === "dynamic_library_path")) return [];
  return settings.flatMap(({ name: setting, value }) => {
    const directory = Object.hasOwn(directories, setting) ? directories[setting] : undefined;
    if (directory === undefined) return [];
    const names = value.split(",").map((n) => n.trim().replace(/^"(.*)"$/, "$1")).filter((n) => n !== "");
    return names.map((name) => {
      const path = (name.includes("/") ? name : `${directory}/${name}`).replace(/^\$libdir/, libdir);
      return { setting, name, files: [path, `${path}.so`] };
    });
  });
}
