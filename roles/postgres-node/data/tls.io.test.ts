// Files that PostgreSQL could not use are refused before it starts, unless it has served with these settings already.
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fakeConfig } from "../../../tests/support/fake-cluster.ts";
import { parseSettings } from "../../../config/list-syntax.ts";
import { createLog } from "../../../core/runtime/log.ts";
import { OperatorError } from "../../../core/words/errors.ts";
import { requireTlsFiles, requireTlsOfFreshCluster } from "./tls.ts";

/** What comes of a check with this data directory: the error, or the warnings. */
async function checked(ssl: Record<string, string>, files: Record<string, string>): Promise<string> {
  const pgdata = await mkdtemp(join(tmpdir(), "tls-"));
  try {
    for (const [name, text] of Object.entries(files)) await writeFile(join(pgdata, name), text);
    const lines: string[] = [];
    const log = createLog({ level: "WARNING", write: (line) => lines.push(line), wallMs: () => 0 });
    const settings = Object.entries(ssl).map(([name, value]) => ({ name, value }));
    const conf = settings.map(({ name, value }) => `${name} = ${value}\n`).join("");
    const given = { conf, clock: { wallMs: () => 0 }, log };
    await requireTlsFiles({ ...fakeConfig(), pgdata }, settings, given);
    return lines.join("");
  } catch (error) {
    assert.ok(error instanceof OperatorError);
    return `${error.exitCode} ${error.message}`;
  } finally {
    await rm(pgdata, { recursive: true });
  }
}

const wanted = { ssl: "on", ssl_cert_file: "/no/crt", ssl_key_file: "/no/key" };

test("without TLS no file is asked for", async () => {
  assert.equal(await checked({ ...wanted, ssl: "off" }, {}), "");
});

test("missing files are refused with 78 and named, on an empty volume and where TLS is new", async () => {
  for (const files of [{} as Record<string, string>, { PG_VERSION: "17", "postgresql.conf": "work_mem = '8MB'\n" }]) {
    assert.match(await checked(wanted, files), /^78 .*no file \/no\/crt; .*no file \/no\/key\. Fix: mount it there/);
  }
});

test("a node that has served with these settings is warned, and may vote", async () => {
  const conf = "work_mem = '8MB'\nssl = on\nssl_cert_file = /no/crt\nssl_key_file = /no/key\n";
  assert.match(await checked(wanted, { PG_VERSION: "17", "postgresql.conf": conf }), /"warning".*no file \/no\/crt/);
});

test("files in the data directory come with a clone, and are asked for once there are data", async () => {
  assert.equal(await checked({ ssl: "on" }, {}), "");
  assert.match(await checked({ ssl: "on" }, { PG_VERSION: "17" }), /^78 .*server\.crt/);
});

test("a fresh cluster has no files in its data directory, and cert needs an authority", () => {
  const fresh = (configs: string, hostAuthMethod = "scram-sha-256") => () =>
    requireTlsOfFreshCluster({ ...fakeConfig(), settings: parseSettings(configs, ",", ":"), hostAuthMethod } as never);
  assert.throws(fresh("ssl:on"), /ssl_cert_file and ssl_key_file would be in the data directory, which is empty/);
  const files = "ssl:on,ssl_cert_file:/c,ssl_key_file:/k";
  fresh(files)();
  assert.throws(fresh(files, "cert"), /POSTGRES_HOST_AUTH_METHOD=cert.* TLS_CA_FILE/);
  fresh(`${files},ssl_ca_file:/ca`, "cert")();
});
