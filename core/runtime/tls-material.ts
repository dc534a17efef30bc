// The files of TLS that a container's programs read: copies of those that the operator mounted, or made here. They are looked at
// again and again; what has become wrong is told, and what was right stays in use.
import { generateKeyPairSync, randomBytes, X509Certificate } from "node:crypto";
import type { TlsConfig } from "../../config/tls.ts";
import type { PeerTls } from "../client/peers.ts";
import type { Shown } from "../http/encrypted.ts";
import { type Authority, authorityBeside, certificateMs, crossSigned, issue } from "../postgres/authority.ts";
import { type FileSeen, type PairTexts, readPair } from "../postgres/tls-pair.ts";
import { tlsDirectory, tlsFilesIn, verifies } from "../postgres/tls.ts";
import type { Trouble } from "../protocol/trouble.ts";
import { errorText } from "../words/errors.ts";
import type { TlsSeen } from "../words/metric.ts";
import { postgresAccount } from "./command.ts";
import { ensureDirectory, readMounted, writeAtomic } from "./files.ts";
import type { Log } from "./log.ts";
import { type Clock, untilAborted } from "./time.ts";
import { tlsRefusal } from "./tls-files.ts";

/** How often the files are looked at, milliseconds. */
export const tlsEveryMs = 10_000;

export interface TlsOwner {
  config: TlsConfig;
  /** the cluster's keys; the first signs. They may change: then all of them are trusted until the container starts again */
  keys: readonly string[];
  /** while a key changes, those from before: who knows only those trusts the new authority by them */
  formerSigners?: readonly string[];
  /** by which names others reach this container; empty: it only connects */
  hosts: readonly string[];
  /** names that a mounted certificate has to have, since other containers look for them */
  needed: readonly string[];
  /** why certificates that follow from the keys may fit no other container's */
  doubt?: Trouble | null;
  clock: Clock;
  log: Log;
  /** where the files are written; by default where the programs of the container look for them */
  directory?: string;
}

const owner = postgresAccount;

/** What one container has of TLS. With TLS=off it does nothing. */
export class TlsMaterial {
  /** what is wrong with what the operator mounted, or soon will be */
  faults: Trouble[] = [];
  private used: PairTexts | null = null;
  private madeMs = -Infinity;
  private signers = "";
  /** the pair that was made last, when, and by which keys */
  private latest: { pair: object; madeMs: number; signers: string } | null = null;
  /** by the keys that they follow from */
  private readonly trusted = new Map<string, Authority>();
  private told = "";
  private readonly directory: string;

  constructor(private readonly of: TlsOwner) {
    this.directory = of.directory ?? tlsDirectory;
  }

  /** Writes the files. Throws OperatorError if they are of no use; with `mayLack` that is a warning. */
  async prepare(mayLack: boolean): Promise<void> {
    await this.refresh();
    if (this.used === null && this.faults.length > 0 && !mayLack) throw tlsRefusal(this.faults);
  }

  /** What the agent itself shows by TLS; null: it has none. */
  readonly shown = (): Shown | null => this.used?.pair ?? null;

  /** For metrics; null with TLS=off. */
  readonly seen = (): TlsSeen => {
    if (this.of.config.tls === "off") return null;
    const pair = this.used?.pair ?? null;
    const endsMs = pair && Date.parse(new X509Certificate(pair.certificate).validTo);
    return { faults: this.faults.length, endsMs };
  };

  /** How the agents of other containers are asked; null: in clear. */
  forPeers(): PeerTls | null {
    return verifies(this.of.config) ? { authorities: () => this.used?.authorities ?? null } : null;
  }

  /** Looks at what is mounted, and writes nothing. Throws OperatorError with everything that is wrong with it. */
  async check(): Promise<void> {
    const faults = this.of.config.tls === "off" ? [] : (await this.read()).faults;
    if (faults.length > 0) throw tlsRefusal(faults);
  }

  /** Looks, and writes what is new and right. Returns whether the files have changed. Never throws. */
  async refresh(): Promise<boolean> {
    if (this.of.config.tls === "off") return false;
    try {
      const doubts = [this.of.doubt ?? []].flat();
      const own = async () => ({ faults: [], texts: await this.made(), soon: doubts });
      const { faults, texts, soon } = await (this.isMounted() ? this.read() : own());
      this.say([...faults, ...soon]);
      if (faults.length > 0 && this.used !== null) return false;
      if (texts === null || JSON.stringify(texts) === JSON.stringify(this.used)) return false;
      await write(this.directory, texts);
      this.used = texts;
      // what could not be written is made again
      if (texts.pair === this.latest?.pair) [this.madeMs, this.signers] = [this.latest.madeMs, this.latest.signers];
      return true;
    } catch (error) {
      this.say([{
        because: `the files of TLS cannot be written: ${errorText(error)}`,
        fix: `make room in ${this.directory}`,
      }]);
      return false;
    }
  }

  /** Looks until the container stops; calls `changed` after files have changed. */
  async keep(stop: AbortSignal, changed: () => Promise<void>): Promise<void> {
    const { clock, config, log } = this.of;
    if (config.tls === "off") return await untilAborted(stop);
    let due = false;
    while (!stop.aborted) {
      await clock.sleep(tlsEveryMs, stop);
      if (stop.aborted) return;
      due = await this.refresh() || due;
      if (!due) continue;
      try {
        await changed();
        due = false;
        log.info("TLS files taken", { directory: this.directory });
      } catch (error) {
        log.warn("TLS files could not be loaded", { error, afterMs: tlsEveryMs });
      }
    }
  }

  /** A certificate of our own, before two thirds of its time are over, and whenever the clock has moved before it. */
  private async made(): Promise<PairTexts> {
    const { clock, keys, formerSigners = [], hosts } = this.of;
    const nowMs = clock.wallMs();
    const age = nowMs - this.madeMs;
    const [signer = "", ...former] = [keys[0]!, ...formerSigners];
    const signers = [signer, ...former].join(" ");
    const inTime = age >= -certificateMs.before / 2 && age < certificateMs.valid * 2 / 3;
    const unknown = keys.filter((key) => !this.trusted.has(key));
    for (const key of unknown) this.trusted.set(key, await authorityBeside(key));
    const authorities = [...this.trusted.values()].map((a) => a.certificate).join("");
    if (this.used !== null && inTime && signers === this.signers) return { ...this.used, authorities };
    const own = this.trusted.get(signer)!;
    const chain = former.map((key) => crossSigned(own, this.trusted.get(key)!));
    const [first, ...more] = hosts;
    if (first === undefined) return { pair: null, authorities };
    const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
    const leaf = issue(own, { hosts: [first, ...more], publicKey, serial: randomBytes(15), nowMs });
    const key = privateKey.export({ type: "pkcs8", format: "pem" }) as string;
    const pair = { certificate: [leaf, ...chain].join(""), key };
    this.latest = { pair, madeMs: nowMs, signers };
    return { pair, authorities };
  }

  private isMounted(): boolean {
    return this.of.config.tlsCertFile !== null || this.of.config.tlsCaFile !== null;
  }

  private async read() {
    const { config, clock, needed } = this.of;
    const { tlsCertFile, tlsKeyFile, tlsCaFile } = config;
    const [certificate, key, authorities] = await Promise.all([
      see("TLS_CERT_FILE", tlsCertFile),
      see("TLS_KEY_FILE", tlsKeyFile),
      see("TLS_CA_FILE", tlsCaFile),
    ]);
    const seen = { pair: certificate && key ? { certificate, key } : null, authorities };
    return readPair(seen, { hosts: verifies(config) ? needed : [], nowMs: clock.wallMs() });
  }

  private say(faults: Trouble[]): void {
    this.faults = faults;
    const now = JSON.stringify(faults);
    if (now === this.told) return;
    if (faults.length === 0 && this.told !== "") this.of.log.info("TLS is as it should be again");
    this.told = now;
    for (const { because, fix } of faults) this.of.log.warn("TLS is not as it should be", { because, fix });
  }
}

async function see(variable: string, path: string | null): Promise<FileSeen | null> {
  if (path === null) return null;
  try {
    const text = await readMounted(path);
    return { variable, path, seen: text === null ? { code: "ENOENT" } : { text } };
  } catch (error) {
    return { variable, path, seen: { code: (error as { code?: string }).code ?? errorText(error) } };
  }
}

async function write(directory: string, { pair, authorities }: PairTexts): Promise<void> {
  const paths = tlsFilesIn(directory);
  await ensureDirectory(directory, { mode: 0o750, owner });
  // PostgreSQL does not start with a file that holds no certificate
  await writeAtomic(paths.authorities, authorities ?? pair?.certificate ?? "", { mode: 0o644, owner });
  if (pair === null) return;
  await writeAtomic(paths.key, pair.key, { mode: 0o600, owner });
  await writeAtomic(paths.certificate, pair.certificate, { mode: 0o644, owner });
}
