// PURE: which files a server's TLS needs, what is wrong with them, and what to do about it.
import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import type { Setting } from "../../config/list-syntax.ts";
import type { Trouble } from "../protocol/trouble.ts";

type Kind = "certificate" | "key" | "other";

/** A file that a setting names; a path that is not absolute is one in the directory of the configuration. */
export interface TlsFile {
  kind: Kind;
  setting: string;
  path: string;
}

/** A file as it was found. */
export interface TlsFileSeen extends TlsFile {
  /** null: there is no such file */
  found: { text: string; readable: boolean; mode: number; uid: number } | null;
}

/** The settings that name files, of PostgreSQL and of pgpool, with PostgreSQL's defaults (manual, 19.3.3). */
const named: Readonly<Record<"postgres" | "pgpool", readonly { setting: string; kind: Kind; usual: string }[]>> = {
  postgres: [
    { setting: "ssl_cert_file", kind: "certificate", usual: "server.crt" },
    { setting: "ssl_key_file", kind: "key", usual: "server.key" },
    { setting: "ssl_ca_file", kind: "other", usual: "" },
    { setting: "ssl_crl_file", kind: "other", usual: "" },
    { setting: "ssl_dh_params_file", kind: "other", usual: "" },
  ],
  pgpool: [
    { setting: "ssl_cert", kind: "certificate", usual: "" },
    { setting: "ssl_key", kind: "key", usual: "" },
    { setting: "ssl_ca_cert", kind: "other", usual: "" },
    { setting: "ssl_crl_file", kind: "other", usual: "" },
    { setting: "ssl_dh_params_file", kind: "other", usual: "" },
  ],
};

/** What these settings say of TLS. PostgreSQL's TLS is off unless it is switched on. */
export interface TlsWanted {
  files: TlsFile[];
  /** ssl_passphrase_command gives the passphrase of the key */
  passphrase: boolean;
  /** PostgreSQL refuses a key that others may read; pgpool only warns */
  privateKey: boolean;
}

const isOn = (value: string) => /^(on|1|t(r(ue?)?)?|y(es?)?)$/i.test(value);

/** The files that a server with these settings needs; null: it has no TLS. `directory`: of its configuration. */
export function tlsWanted(of: keyof typeof named, settings: readonly Setting[], directory: string): TlsWanted | null {
  const valueOf = (name: string) => settings.findLast((s) => s.name.toLowerCase() === name)?.value;
  if (!isOn(valueOf("ssl") ?? "off")) return null;
  const files = named[of].flatMap(({ setting, kind, usual }) => {
    const path = valueOf(setting) ?? usual;
    return path === "" ? [] : [{ setting, kind, path: path.startsWith("/") ? path : `${directory}/${path}` }];
  });
  const passphrase = (valueOf("ssl_passphrase_command") ?? "") !== "";
  return { files, passphrase, privateKey: of === "postgres" };
}

export interface TlsCircumstances {
  /** who reads the files */
  account: { uid: number; gid: number };
  passphrase: boolean;
  privateKey: boolean;
  /** milliseconds since 1970 */
  nowMs: number;
  /** a certificate that ends within this time counts as wrong, milliseconds */
  soonMs: number;
}

/** Everything that is wrong with these files, each with the fix. */
export function findTlsFaults(files: readonly TlsFileSeen[], now: TlsCircumstances): Trouble[] {
  const faults = files.flatMap((file) => faultOf(file, now) ?? []);
  const [certificate, key] = [textOf(files, "certificate"), textOf(files, "key")];
  if (faults.length > 0 || certificate === null) return faults;
  const read = attempt(() => new X509Certificate(certificate.text));
  const ended = read === null ? null : endOf(read, certificate, now);
  if (ended !== null) faults.push(ended);
  const own = key === null || now.passphrase ? null : attempt(() => createPrivateKey(key.text));
  if (read === null || own === null || key === null || fits(read, own)) return faults;
  const because = `${key.setting} ${key.path} is not the key of ${certificate.setting} ${certificate.path}`;
  return [...faults, { because, fix: fitFix(certificate.path, key.path) }];
}

/** A certificate that ends within this time is named, milliseconds. */
export const soonMs = 14 * 24 * 3_600_000;

/** What to do about a certificate that has not begun. */
export const notYetFix = "mount one that is valid now, or mend the clock of this machine";

/** What to do where the key is not that of the certificate. */
export const fitFix = (certificate: string, key: string): string =>
  "mount the two that belong together; these print the same then: " +
  `openssl x509 -noout -pubkey -in ${certificate}; openssl pkey -pubout -in ${key}`;

/** When the certificate among these files ends, milliseconds since 1970; null: there is none that can be read. */
export function certificateEnd(files: readonly TlsFileSeen[]): number | null {
  const certificate = textOf(files, "certificate");
  const read = certificate === null ? null : attempt(() => new X509Certificate(certificate.text));
  return read === null ? null : Date.parse(read.validTo);
}

const fits = (certificate: X509Certificate, key: KeyObject) =>
  attempt(() => certificate.checkPrivateKey(key)) !== false;

function textOf(files: readonly TlsFileSeen[], kind: Kind): { text: string; setting: string; path: string } | null {
  const file = files.find((f) => f.kind === kind);
  return file?.found ? { ...file, text: file.found.text } : null;
}

function faultOf(
  { kind, setting, path, found }: TlsFileSeen,
  { account, passphrase, privateKey }: TlsCircumstances,
): Trouble | null {
  const { uid, gid } = account;
  const own = `chown ${uid} and chmod 0600 that file on the host`;
  const shared = `or chown 0:${gid} and chmod 0640`;
  if (found === null) {
    return { because: `${setting}: there is no file ${path}`, fix: `mount it there, or correct ${setting} in CONFIGS` };
  }
  const state = `it belongs to uid ${found.uid} and has mode ${found.mode.toString(8).padStart(4, "0")}`;
  if (!found.readable) {
    const because = `${setting}: ${path} cannot be read by uid ${uid}; ${state}`;
    return { because, fix: `${own}, ${shared}; directories above it need mode 0755` };
  }
  if (kind === "key") {
    // PostgreSQL's own rule (manual, 18.9.2)
    if (privateKey && found.uid !== uid && found.uid !== 0) {
      return { because: `${setting}: ${path}: ${state}`, fix: `${own}, ${shared}` };
    }
    if (privateKey && (found.mode & (found.uid === 0 ? 0o037 : 0o077)) !== 0) {
      return { because: `${setting}: others may read ${path}: ${state}`, fix: `${own}, ${shared}` };
    }
    if (/ENCRYPTED/.test(found.text)) {
      const because = `${setting}: ${path} is protected by a passphrase, and nobody is there to type it`;
      const fix = `set ssl_passphrase_command in CONFIGS, or write the key without: openssl pkey -in ${path} -out NEW`;
      return passphrase ? null : { because, fix };
    }
    if (attempt(() => createPrivateKey(found.text)) !== null) return null;
    return { because: `${setting}: ${path} holds no private key`, fix: "give it the key in PEM form" };
  }
  if (kind !== "certificate" || attempt(() => new X509Certificate(found.text)) !== null) return null;
  return {
    because: `${setting}: ${path} holds no certificate`,
    fix: "give it the certificate in PEM form, its own first",
  };
}

function endOf(read: X509Certificate, { setting, path }: { setting: string; path: string }, now: TlsCircumstances) {
  const begins = Date.parse(read.validFrom);
  if (begins > now.nowMs) {
    const because = `${setting}: the certificate ${path} is not valid before ${new Date(begins).toISOString()}`;
    return { because, fix: notYetFix };
  }
  const ends = Date.parse(read.validTo);
  if (ends > now.nowMs + now.soonMs) return null;
  const when = new Date(ends).toISOString();
  const because = `${setting}: the certificate ${path} ${ends > now.nowMs ? "ends" : "ended"} at ${when}`;
  return { because, fix: "renew it, and load it on every node: select pg_reload_conf()" };
}

/** What `make` makes; null where the text is not of that kind. */
export function attempt<T>(make: () => T): T | null {
  try {
    return make();
  } catch {
    return null; // node:crypto throws for any text that it cannot read
  }
}
