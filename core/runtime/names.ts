// Names of other containers. The C library's lookup takes up to 20 s where no DNS server answers, on threads that reading a
// file needs as well: four names would stop an agent for a minute. So DNS is asked here, without a thread.
import { Resolver } from "node:dns/promises";
import { isIP } from "node:net";
import type { Way } from "../postgres/conninfo.ts";
import { errorText } from "../words/errors.ts";
import { addressInHosts, namesToAsk, parseNameServers } from "./decide/names.ts";
import { readMounted } from "./files.ts";
import { type Clock, withDeadline } from "./time.ts";

/** A known address is looked up again when it is older than this, milliseconds. */
const freshMs = 2_000;
/** How long one DNS server has to answer, and how long a lookup may take as a whole, milliseconds. */
const answerMs = 1_000;
const lookupMs = 5_000;
/** How long DNS is waited for where another process has told the address, milliseconds. */
const toldMs = 500;
/** DNS does not answer, where it has not for this long, milliseconds: one answer may be late. */
const silentMs = 5_000;
/** DNS is late if its answer took longer, milliseconds: within a cluster, it then came for a second question. */
const lateMs = 900;
/** After a late answer the next ones may be lost as well, milliseconds. */
const unsteadyMs = 30_000;

export interface Address {
  address: string;
  family: 4 | 6;
}

/** The addresses of other containers; each process has one. The last good one stays, whatever DNS says later. */
export class Names {
  private readonly known = new Map<string, Address & { atMs: number }>();
  private readonly told = new Map<string, Address>();
  private readonly lookups = new Map<string, Promise<void>>();
  /** names of which the last lookup had no answer, or one that DNS itself fails */
  private readonly unanswered = new Set<string>();
  /** names without an address, by the last answer */
  private readonly gone = new Set<string>();
  /** when DNS was last late for a name that it has */
  private lateAtMs = -Infinity;

  /** `look`: the address of a name; it throws if there is none */
  constructor(
    private readonly clock: Pick<Clock, "nowMs">,
    private readonly look: (host: string) => Promise<string> = asker(),
  ) {}

  /** The last known address at once; if it is stale, it is looked up again in the background. Throws if none is found in time. */
  async addressOf(host: string, timeoutMs: number): Promise<Address> {
    const given = asAddress(host === "localhost" ? "127.0.0.1" : host);
    if (given) return given;
    const known = this.known.get(host);
    if (known && this.clock.nowMs() - known.atMs < freshMs) return known;
    const looking = this.lookups.get(host) ?? this.lookUp(host);
    if (known) return known;
    const told = this.told.get(host);
    const waitMs = told ? Math.min(timeoutMs, toldMs) : timeoutMs;
    try {
      await withDeadline(looking, waitMs, "DNS");
    } catch (cause) {
      if (told && !(cause instanceof UnknownName && cause.certain)) return told;
      throw new Error(unresolved(host, cause, waitMs), { cause });
    }
    return this.known.get(host)!;
  }

  /** Why DNS gives no address for the name now, whatever is known of it; null: it gives one. */
  async trouble(host: string, timeoutMs: number): Promise<string | null> {
    if (host === "localhost" || asAddress(host)) return null;
    const looking = withDeadline(this.lookups.get(host) ?? this.lookUp(host), timeoutMs, "DNS");
    return await looking.then(() => null, (cause) => unresolved(host, cause, timeoutMs));
  }

  /**
   * How a program reaches a host that looks the name up itself, and takes up to 20 s where DNS does not answer: it gets the last
   * good address as well while DNS is silent, late for any name, or was so within the last 30 s. Where one of several DNS servers
   * is gone with its machine, every other question is lost, and the rest is answered at once.
   */
  wayTo(host: string): Way {
    const known = this.known.get(host);
    const isUnsteady = this.clock.nowMs() - this.lateAtMs < unsteadyMs;
    if (!known || this.gone.has(host) || !(isUnsteady || this.isSilent(host))) return { host };
    return { host, hostaddr: known.address };
  }

  /** DNS has not answered for the name for 5 s, or says that it fails itself; it once had the name. */
  isSilent(host: string): boolean {
    const known = this.known.get(host);
    return known !== undefined && this.unanswered.has(host) && this.clock.nowMs() - known.atMs >= silentMs;
  }

  /** The last good addresses, by name. */
  all(): Record<string, string> {
    return Object.fromEntries([...this.known].map(([host, { address }]) => [host, address]));
  }

  /** Addresses that another process of this container knows: they count while DNS does not answer here. */
  learn(addresses: Readonly<Record<string, string>>): void {
    for (const [host, text] of Object.entries(addresses)) {
      const address = asAddress(text);
      if (address) this.told.set(host, address);
    }
  }

  private lookUp(host: string): Promise<void> {
    const fromMs = this.clock.nowMs();
    const looking = withDeadline(this.look(host), lookupMs, "DNS").then((address) => {
      this.known.set(host, { ...asAddress(address)!, atMs: this.clock.nowMs() });
      this.unanswered.delete(host);
      this.gone.delete(host);
      if (this.clock.nowMs() - fromMs > lateMs) this.lateAtMs = this.clock.nowMs();
    }).finally(() => this.lookups.delete(host));
    // a caller that waits for it gets the error
    looking.catch((cause) => {
      if (cause instanceof UnknownName && cause.certain) {
        this.unanswered.delete(host);
        this.gone.add(host);
        return;
      }
      // a name that is gone for long may be asked for where nobody answers: it says nothing of the others
      if (!(cause instanceof UnknownName) && !this.unanswered.has(host)) this.lateAtMs = this.clock.nowMs();
      this.unanswered.add(host);
    });
    this.lookups.set(host, looking);
    return looking;
  }
}

/** DNS has answered without an address. It is certain if it says that there is none, and not that it failed or refused to look. */
export class UnknownName extends Error {
  override name = "UnknownName";

  constructor(message: string, readonly certain = true) {
    super(message);
  }
}

/** No record of that kind, or no such name (c-ares). */
const none = ["ENODATA", "ENOTFOUND"];

function unresolved(host: string, cause: unknown, waitedMs: number): string {
  if (cause instanceof UnknownName) return `the name ${host} does not resolve: ${cause.message}`;
  return `the name ${host} could not be resolved within ${waitedMs / 1000} s: DNS does not answer`;
}

function asAddress(text: string): Address | null {
  const family = isIP(text);
  return family === 4 || family === 6 ? { address: text, family } : null;
}

/** Looks a name up as the C library would: /etc/hosts first, then DNS with its search domains. */
function asker(): (host: string) => Promise<string> {
  // one for each name: a change of its servers loses the question that is under way
  const idle = new Map<string, Resolver>();
  return async (host) => {
    const there = addressInHosts(await readMounted("/etc/hosts") ?? "", host);
    if (there !== null) return there;
    const conf = parseNameServers(await readMounted("/etc/resolv.conf") ?? "");
    const resolver = idle.get(host) ?? new Resolver({ timeout: answerMs, tries: 2 });
    idle.delete(host);
    // it keeps answers for as long as DNS allows, 10 minutes in Docker, unless its servers change
    resolver.setServers([...conf.servers, "127.0.0.1:1"]);
    resolver.setServers(conf.servers);
    try {
      return await askEach(namesToAsk(host, conf), resolver);
    } finally {
      idle.set(host, resolver);
    }
  };
}

/** The address of the first name that has one. Throws if there is none, or no server answers. */
async function askEach(names: readonly string[], resolver: Resolver): Promise<string> {
  const why: string[] = [];
  for (const name of names) {
    for (const ask of [() => resolver.resolve4(name), () => resolver.resolve6(name)]) {
      try {
        const [address] = await ask();
        if (address !== undefined) return address;
      } catch (error) {
        const code = (error as { code?: string }).code;
        if (code === "ETIMEOUT" || code === "ECONNREFUSED") throw error;
        why.push(code ?? errorText(error));
      }
    }
  }
  const failed = why.find((code) => !none.includes(code));
  throw failed === undefined
    ? new UnknownName(`no container of that name runs (DNS says ${why[0]})`)
    : new UnknownName(`no container of that name runs, or DNS itself fails (it says ${failed})`, false);
}
