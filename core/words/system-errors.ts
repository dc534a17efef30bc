// PURE: what the system refuses, as errors that operators read: a table from the system's code to the cause and the fix.
import { errorText, ExitCode, OperatorError } from "./errors.ts";

/** What every container needs of the engine that runs it. */
export const containerNeeds =
  "start the container as root with the capabilities CHOWN, DAC_OVERRIDE, FOWNER, SETGID and SETUID, or as another user " +
  'of group 0 (user: "999:0"); read_only: needs a tmpfs at /run and at /tmp; docs/security.md, A container without rights, ' +
  "shows it whole";

/** An error of the system, as Node and Bun give it. */
interface SystemError {
  code: string;
  path?: string;
  address?: string;
  port?: number;
}

interface Row {
  codes: readonly string[];
  what: (e: SystemError) => string;
  fix: string;
}

const placeOf = ({ path, address, port }: SystemError) =>
  path ?? (port === undefined ? address ?? "a file of this container" : `port ${port}`);

const table: readonly Row[] = [
  {
    codes: ["ENOSPC", "EDQUOT"],
    what: () => "A volume of this container is full",
    fix: "see which one with df -h, make room on it or make it larger, then try again",
  },
  {
    codes: ["EROFS"],
    what: (e) => `${placeOf(e)} is on a file system that is read-only`,
    fix: `mount a writable volume where data belongs; else ${containerNeeds}`,
  },
  {
    codes: ["EBUSY", "EXDEV"],
    what: (e) => `${placeOf(e)} cannot be moved: a volume is mounted there or in it`,
    fix:
      "mount one volume for the data and nothing in it; if the storage shows a directory of its own there, set PGDATA to " +
      "a subdirectory of the volume",
  },
  {
    codes: ["EACCES", "EPERM"],
    what: (e) => `The container may not use ${placeOf(e)}`,
    fix: `give what is mounted there to the user of the container, uid 999 if that is root; else ${containerNeeds}`,
  },
  {
    codes: ["ELOOP"],
    what: (e) => `${placeOf(e)} is a link, which is not followed`,
    fix: "remove the link; where it has to be, name the directory that it points to",
  },
  {
    codes: ["EADDRINUSE"],
    what: (e) => `${placeOf(e)} is in use by another program`,
    fix: "stop the program that listens there (ss -ltnp), or give the container a network of its own; " +
      "POSTDOCK_PORT sets the port of HTTP",
  },
  {
    codes: ["EADDRNOTAVAIL"],
    what: (e) => `${e.address ?? placeOf(e)} is not an address of this container`,
    fix: "name an address that the container has, or none, so that it listens on all",
  },
];

/** Causes of causes that are looked at. */
const depth = 5;

/** The same as an error for the operator, whatever wraps it; null if the system did not refuse anything. */
export function refusalOfSystem(error: unknown): OperatorError | null {
  let cause: unknown = error;
  for (let i = 0; i < depth && cause instanceof Error; i++, cause = cause.cause) {
    if (cause instanceof OperatorError) return cause;
    const seen = cause as Error & Partial<SystemError>;
    const row = table.find((r) => r.codes.includes(seen.code ?? ""));
    if (row === undefined) continue;
    const what = row.what(seen as SystemError);
    return new OperatorError({ what, why: errorText(error), fix: row.fix, exitCode: ExitCode.config, cause: error });
  }
  return null;
}
