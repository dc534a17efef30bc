// The files that a container's programs read: made here, or copied from those that are mounted.
import assert from "node:assert/strict";
import { createPrivateKey, X509Certificate } from "node:crypto";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { TlsConfig } from "../../config/tls.ts";
import { FakeClock, settled } from "../../tests/support/fake-clock.ts";
import { authorityOf, certificateMs } from "../postgres/authority.ts";
import type { Trouble } from "../protocol/trouble.ts";
import type { KeyRing } from "../protocol/signing.ts";
import { modeOf, readIfThere } from "./files.ts";
import { createLog } from "./log.ts";
import { TlsMaterial } from "./tls-material.ts";

const off: TlsConfig = { tls: "off", tlsCertFile: null, tlsKeyFile: null, tlsCaFile: null, tlsNames: [] };
const keys = ["the first key of the cluster", "the one before it"];
const day = 24 * 3_600_000;

async function material(
  config: Partial<TlsConfig>,
  hosts: readonly string[] = ["pg1", "10.0.0.7"],
  ring: KeyRing = { keys, formerSigners: [] },
  doubt: Trouble | null = null,
) {
  const directory = await mkdtemp(join(tmpdir(), "tls-material-"));
  const clock = new FakeClock();
  const said: string[] = [];
  const log = createLog({ level: "INFO", write: (line) => void said.push(line), wallMs: () => clock.wallMs() });
  const own = { config: { ...off, ...config }, ...ring, hosts, needed: hosts.slice(0, 1), doubt, clock, log };
  const tls = new TlsMaterial({ ...own, directory: join(directory, "tls") });
  const read = (name: string) => readIfThere(join(directory, "tls", name));
  return { tls, clock, said, directory, read, [Symbol.asyncDispose]: () => rm(directory, { recursive: true }) };
}

test("with TLS=off there are no files", async () => {
  await using m = await material({});
  await m.tls.prepare(false);
  assert.equal(await m.read("ca.crt"), null);
  assert.equal(m.tls.seen(), null);
});

test("with TLS=auto a container has a certificate of the cluster's authority, and trusts that of each key", async () => {
  await using m = await material({ tls: "auto" });
  await m.tls.prepare(false);
  const certificate = new X509Certificate((await m.read("server.crt"))!);
  assert.ok(certificate.verify(authorityOf(keys[0]!).pair.publicKey));
  assert.ok(certificate.checkPrivateKey(createPrivateKey((await m.read("server.key"))!)));
  assert.ok(certificate.checkHost("pg1") && certificate.checkIP("10.0.0.7"));
  const trusted = (await m.read("ca.crt"))!.split(/(?<=END CERTIFICATE-----\n)/);
  for (const [i, key] of keys.entries()) {
    assert.equal(new X509Certificate(trusted[i]!).subject, `CN=${authorityOf(key).name}`);
  }
  assert.equal((await modeOf(join(m.directory, "tls", "server.key")))!.mode & 0o777, 0o600);
});

test("a doubt about the keys is a fault that stays, and keeps nothing from being made", async () => {
  const doubt = { because: "it was given no key of the cluster", fix: "set CLUSTER_KEY" };
  await using m = await material({ tls: "auto" }, ["pg1"], { keys, formerSigners: [] }, doubt);
  await m.tls.prepare(false);
  assert.deepEqual(m.tls.faults, [doubt]);
  assert.match(m.said.join(""), /TLS is not as it should be.*given no key/);
  const endsMs = Date.parse(new X509Certificate((await m.read("server.crt"))!).validTo);
  assert.deepEqual(m.tls.seen(), { faults: 1, endsMs });
});

test("a certificate is made anew before it ends, and not before that", async () => {
  await using m = await material({ tls: "auto" });
  await m.tls.prepare(false);
  const first = await m.read("server.crt");
  await m.clock.pass(certificateMs.valid / 2);
  assert.equal(await m.tls.refresh(), false);
  await m.clock.pass(certificateMs.valid / 4);
  assert.equal(await m.tls.refresh(), true);
  const second = new X509Certificate((await m.read("server.crt"))!);
  assert.notEqual(second.toString(), first);
  assert.ok(Date.parse(second.validTo) > m.clock.wallMs() + certificateMs.valid - day);
});

test("while the key changes the new authority signs, and those trust it who know the former or the new key alone", async () => {
  const [before, next] = ["the key that goes", "the key that comes"] as const;
  const ring: KeyRing = { keys: [before], formerSigners: [] };
  await using m = await material({ tls: "auto" }, ["pg1"], ring);
  const shown = async () => (await m.read("server.crt"))!.match(/-----BEGIN[^]*?-----END CERTIFICATE-----/g)!;
  const leads = async (key: string) => {
    const authority = authorityOf(key);
    const chain = (await shown()).map((text) => new X509Certificate(text));
    const toIt = chain.findIndex((c) => c.verify(authority.pair.publicKey) && c.issuer === `CN=${authority.name}`);
    const linked = chain.slice(0, toIt).every((c, i) =>
      c.checkIssued(chain[i + 1]!) && c.verify(chain[i + 1]!.publicKey)
    );
    return toIt >= 0 && linked;
  };
  const trusted = async () => (await m.read("ca.crt"))!.split("BEGIN CERTIFICATE").length - 1;
  await m.tls.prepare(false);
  ring.keys.unshift(next);
  ring.formerSigners.unshift(before);
  assert.equal(await m.tls.refresh(), true);
  assert.deepEqual([await leads(before), await leads(next), await trusted()], [true, true, 2]);
  assert.equal(await m.tls.refresh(), false);
  ring.keys.pop();
  ring.formerSigners.pop();
  assert.equal(await m.tls.refresh(), true);
  assert.deepEqual([await leads(before), await leads(next), (await shown()).length], [false, true, 1]);
});

test("a new certificate that could not be written is made again", async () => {
  await using m = await material({ tls: "auto" });
  await m.tls.prepare(false);
  await m.clock.pass(certificateMs.valid * 0.7);
  const directory = join(m.directory, "tls");
  await rm(directory, { recursive: true });
  await writeFile(directory, "in the way");
  assert.equal(await m.tls.refresh(), false);
  await rm(directory);
  assert.equal(await m.tls.refresh(), true);
});

test("what only connects has the authorities alone", async () => {
  await using m = await material({ tls: "require" }, []);
  await m.tls.prepare(false);
  assert.match((await m.read("ca.crt"))!, /BEGIN CERTIFICATE/);
  assert.equal(await m.read("server.key"), null);
});

/** Files as an operator mounts them: what another container made, in the folder `mounted`. */
async function mountedFiles(m: Awaited<ReturnType<typeof material>>) {
  await using made = await material({ tls: "auto" });
  await made.tls.prepare(false);
  const put = async (name: string, text: string) => {
    await writeFile(join(m.directory, name), text);
    await chmod(join(m.directory, name), 0o444);
  };
  for (const name of ["server.crt", "server.key", "ca.crt"]) {
    await rm(join(m.directory, name), { force: true });
    await put(name, (await made.read(name))!);
  }
}

const mounted = (directory: string): Partial<TlsConfig> => ({
  tlsCertFile: join(directory, "server.crt"),
  tlsKeyFile: join(directory, "server.key"),
  tlsCaFile: join(directory, "ca.crt"),
});

test("mounted files are copied; changed ones replace them; what is wrong is named once, and what was right stays", async () => {
  await using m = await material({ tls: "require" });
  Object.assign(m.tls["of"].config, mounted(m.directory));
  await mountedFiles(m);
  await m.tls.prepare(false);
  const first = await m.read("server.key");
  assert.equal(first, await readIfThere(join(m.directory, "server.key")));
  assert.equal(await m.tls.refresh(), false);

  await rm(join(m.directory, "server.key"));
  assert.equal(await m.tls.refresh(), false);
  await m.tls.refresh();
  assert.equal(await m.read("server.key"), first);
  assert.equal(m.said.filter((line) => line.includes("there is no file")).length, 1);
  assert.equal(m.tls.faults.length, 1);

  await mountedFiles(m);
  assert.equal(await m.tls.refresh(), true);
  assert.notEqual(await m.read("server.key"), first);
  assert.deepEqual(m.tls.faults, []);
});

test("a container that has no right files at its start is refused, unless it may lack them", async () => {
  await using m = await material({ tls: "require" });
  Object.assign(m.tls["of"].config, mounted(m.directory));
  await assert.rejects(m.tls.prepare(false), /TLS/);
  await m.tls.prepare(true);
  assert.equal(await m.read("ca.crt"), null);
});

test("a certificate that has ended is named and used where there is no other: a restart does not end what has worked", async () => {
  await using m = await material({ tls: "require" });
  Object.assign(m.tls["of"].config, mounted(m.directory));
  await mountedFiles(m);
  await m.clock.pass(certificateMs.valid - day);
  await m.tls.prepare(false);
  assert.match(m.said.join(), /TLS_CERT_FILE .* ends at/);
  await m.clock.pass(2 * day);
  assert.equal(await m.tls.refresh(), false);
  m.tls["used"] = null; // as after a restart
  await m.tls.prepare(false);
  assert.match(m.tls.faults[0]!.because, /ended at/);
  assert.equal(await m.read("server.crt"), await readIfThere(join(m.directory, "server.crt")));
  assert.equal(await m.tls.refresh(), false);
});

test("files that changed are loaded, and again until that succeeds", async () => {
  await using m = await material({ tls: "require" });
  Object.assign(m.tls["of"].config, mounted(m.directory));
  await mountedFiles(m);
  await m.tls.prepare(false);
  const stop = new AbortController();
  let [calls, broken] = [0, true];
  const keeping = m.tls.keep(stop.signal, () => {
    calls++;
    return broken ? Promise.reject(new Error("no server")) : Promise.resolve();
  });
  const pass = async (ms: number) => {
    for (let at = 0; at < ms; at += 10_000) await m.clock.pass(10_000), await looked(m);
  };
  await pass(60_000);
  assert.equal(calls, 0, "nothing has changed");
  await mountedFiles(m);
  await pass(60_000);
  assert.ok(calls > 1, "it is tried again");
  broken = false;
  await pass(20_000);
  const until = calls;
  await pass(60_000);
  assert.equal(calls, until, "once is enough");
  stop.abort();
  await keeping;
});

/** A look reads and writes files, which does not wait for the clock: it is over when another one is. */
const looked = (m: Awaited<ReturnType<typeof material>>) => readIfThere(join(m.directory, "server.crt")).then(settled);
