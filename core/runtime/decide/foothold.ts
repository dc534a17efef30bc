// PURE: whether a container has what its role needs of the engine that runs it, before the role touches anything.
import { ExitCode, OperatorError } from "../../words/errors.ts";
import { leastNamedUid } from "./account-name.ts";
import { foreignOwner } from "../../words/foreign-owner.ts";
import { containerNeeds } from "../../words/system-errors.ts";

/** A port on which the role listens. */
export interface NeededPort {
  port: number;
  /** who listens there */
  by: string;
  /** how the operator gives it another port; null: it is fixed */
  change: string | null;
}

export interface Foothold {
  uid: number;
  /** /etc/passwd has the uid */
  named: boolean;
  /** the first port that everybody may listen on (ip_unprivileged_port_start) */
  freePorts: number;
  /** CapEff of proc(5); null: not known */
  capabilities: bigint | null;
  sshd: boolean;
  /** paths that the role writes to and may not, with the system's code and the owner; null: there is nothing yet, or not known */
  unwritable: readonly { path: string; code: string; owner: number | null }[];
  ports: readonly NeededPort[];
  /** where programs listen already, as /proc/net/tcp and /proc/net/tcp6 say */
  listening: readonly Listener[];
}

export interface Listener {
  port: number;
  address: string;
}

/** The listeners in /proc/net/tcp or tcp6 (proc(5)): the second field is address and port, the fourth the state. */
export function parseListeners(text: string): Listener[] {
  return text.split("\n").slice(1).flatMap((line) => {
    const [, local = "", , state] = line.trim().split(/\s+/);
    const [address = "", port = ""] = local.split(":");
    return state === "0A" ? [{ port: parseInt(port, 16), address: addressText(address) }] : [];
  });
}

/** Each group of eight digits is a number in the byte order of the machine, which is little-endian on all that we build for. */
function addressText(hex: string): string {
  if (hex.length === 8) return hex.match(/../g)!.reverse().map((byte) => parseInt(byte, 16)).join(".");
  if (/^0+$/.test(hex)) return "::";
  return hex === `${"0".repeat(24)}01000000` ? "::1" : "an address of IPv6";
}

/** Their numbers are those of capabilities(7). */
const needed = { CHOWN: 0, DAC_OVERRIDE: 1, FOWNER: 3, SETGID: 6, SETUID: 7 } as const;
const neededForSshd = { SYS_CHROOT: 18 } as const;
const bindService = 10;

/** Why the role cannot work here, all of it at once; null if it can. */
export function decideFoothold(seen: Foothold): OperatorError | null {
  const user = seen.uid === 0 ? rights(seen) : [...name(seen), ...lowPorts(seen)];
  const refusals = [...user, ...paths(seen), ...ports(seen)];
  if (refusals.length === 0) return null;
  return new OperatorError({
    what: `The container does not start: ${refusals.map((r) => r.what).join("; ")}`,
    fix: [...new Set(refusals.map((r) => r.fix))].join("; "),
    exitCode: ExitCode.config,
  });
}

type Refusal = { what: string; fix: string };

function name({ uid, named }: Foothold): Refusal[] {
  if (named || uid >= leastNamedUid) return [];
  return [{
    what: `it runs as uid ${uid}, which has no name here and can be given none`,
    fix: `run it as uid 999 or as one of at least ${leastNamedUid}`,
  }];
}

function lowPorts({ ports, freePorts, capabilities }: Foothold): Refusal[] {
  if (capabilities !== null && (capabilities >> BigInt(bindService) & 1n) === 1n) return [];
  return ports.filter(({ port }) => port < freePorts).map(({ port, by, change }) => ({
    what: `${by} may not listen on port ${port}: without root, ports from ${freePorts} on are free`,
    fix: `set the sysctl net.ipv4.ip_unprivileged_port_start=${port} for the container${
      change ? `, or ${change}` : ""
    }`,
  }));
}

function rights({ capabilities, sshd }: Foothold): Refusal[] {
  if (capabilities === null) return [];
  const all = Object.entries(sshd ? { ...needed, ...neededForSshd } : needed);
  const missing = all.filter(([, bit]) => (capabilities >> BigInt(bit) & 1n) === 0n).map(([name]) => name);
  if (missing.length === 0) return [];
  const ssh = missing.includes("SYS_CHROOT") ? "; SSH_ENABLE=1 needs SYS_CHROOT too" : "";
  return [{ what: `it lacks the capabilities ${missing.join(", ")}`, fix: containerNeeds + ssh }];
}

/** A path for a volume, and not for a tmpfs. */
const isForData = (path: string): boolean =>
  !/^\/(run|var\/run|tmp|etc|usr|root|var\/lib\/postgresql)(\/|$)/.test(path);

function paths({ unwritable, uid }: Foothold): Refusal[] {
  const why = (code: string) =>
    code === "EROFS" ? "is on a file system that is read-only" : `may not be written (${code})`;
  return unwritable.map(({ path, code, owner }) => {
    const what = `${path} ${why(code)}`;
    if (!isForData(path)) return { what, fix: containerNeeds };
    const isForeign = code !== "EROFS" && uid !== 0 && owner !== null && owner !== uid;
    return isForeign ? foreignOwner({ path, owner, uid }) : { what, fix: `mount a writable volume at ${path}` };
  });
}

function ports({ ports, listening }: Foothold): Refusal[] {
  return ports.flatMap(({ port, by, change }, i) => {
    const other = ports.slice(0, i).find((p) => p.port === port);
    if (other !== undefined) {
      return [{
        what: `${other.by} and ${by} would both listen on port ${port}`,
        fix: change ?? other.change ?? "give one of them another port",
      }];
    }
    const at = [...new Set(listening.filter((l) => l.port === port).map((l) => l.address))];
    if (at.length === 0) return [];
    const orElse = change === null ? "" : `, or ${change}`;
    return [{
      what: `port ${port}, on which ${by} listens, is taken at ${at.join(" and ")}`,
      fix: `stop the program that has port ${port} (ss -ltnp), or give the container a network of its own${orElse}`,
    }];
  });
}
