// PURE: what to do about tablespaces whose directory is missing, or not empty. The other fixes are in remedy.ts.
import type { Remedy } from "./remedy-login.ts";

/** A directory that is missing may have held data: an empty one in its place would hide that. */
export const ofTablespaces: readonly Remedy[] = [
  {
    says: /"(pg_tblspc\/\d+)[^"]*": No such file/,
    fix: ([, link], { host }) =>
      `mount the volume that was there at the path of the tablespace, to which ${link} in PGDATA of ${host} leads, and start ` +
      `its container again; if it is lost, mount an empty one and type postdock cluster reinit ${host}`,
  },
  {
    says:
      /tablespace|pg_tblspc|directory "([^"]+)" (?:exists but is not empty|does not exist)|could not create directory "([^"]+)"/,
    fix: (m, { host }) =>
      `mount ${
        /not exist/.test(m[0]) ? "the volume that was there or, if it never had one, " : ""
      }an empty directory ` +
      `that uid 999 may write at ${m[1] ?? m[2] ?? "the path of the tablespace"} on ${host}`,
  },
];
