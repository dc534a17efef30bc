// PURE reading of /etc/resolv.conf and /etc/hosts as the C library reads them: resolv.conf(5), hosts(5).
import { isIP } from "node:net";

/** How a name is looked up in DNS. */
export interface NameServers {
  servers: readonly string[];
  /** domains that are put behind a name */
  search: readonly string[];
  /** a name with at least so many dots is tried as it is first */
  ndots: number;
}

/** The contents of /etc/resolv.conf; without one, the C library asks a server on this machine. */
export function parseNameServers(text: string): NameServers {
  let search: readonly string[] = [];
  let ndots = 1;
  const servers: string[] = [];
  for (const [word, ...rest] of wordsOf(text, /[#;].*/)) {
    if (word === "nameserver" && isIP(rest[0] ?? "") !== 0) servers.push(rest[0]!);
    if (word === "search" || word === "domain") search = rest.filter((domain) => domain !== ".");
    if (word !== "options") continue;
    for (const option of rest) ndots = Number(/^ndots:(\d+)$/.exec(option)?.[1] ?? ndots);
  }
  return { servers: servers.length > 0 ? servers : ["127.0.0.1"], search, ndots };
}

/** The full names to ask for, in their order. */
export function namesToAsk(host: string, { search, ndots }: NameServers): string[] {
  if (host.endsWith(".")) return [host.slice(0, -1)];
  const longer = search.map((domain) => `${host}.${domain}`);
  return host.split(".").length > ndots ? [host, ...longer] : [...longer, host];
}

/** Behind each line of /etc/hosts that is ours. */
const ours = "# by PostDock, while DNS does not answer";

const withoutOurs = (text: string): string => text.split("\n").filter((line) => !line.endsWith(ours)).join("\n");

/** The contents of /etc/hosts with these addresses by name, and without those that it had from us. */
export function hostsWith(text: string, kept: Readonly<Record<string, string>>): string {
  const base = withoutOurs(text);
  const lines = Object.entries(kept).map(([host, address]) => `${address} ${host} ${ours}\n`);
  return lines.length === 0 || base === "" || base.endsWith("\n")
    ? base + lines.join("")
    : `${base}\n${lines.join("")}`;
}

/** The address of a name by the contents of /etc/hosts, which others have put there; null if it is not there. */
export function addressInHosts(text: string, host: string): string | null {
  const name = host.toLowerCase();
  const lines = wordsOf(withoutOurs(text), /#.*/).filter(([, ...names]) => names.some((n) => n.toLowerCase() === name));
  const addresses = lines.map(([address]) => address!).filter((address) => isIP(address) !== 0);
  return addresses.find((address) => isIP(address) === 4) ?? addresses[0] ?? null;
}

function wordsOf(text: string, comment: RegExp): string[][] {
  return text.split("\n").map((line) => line.replace(comment, "").split(/\s+/).filter((word) => word !== ""));
}
