// What a data directory is to be at its next start. A copy has the settings of its source until they are replaced.
import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fakeConfig } from "../../../tests/support/fake-cluster.ts";
import { writeStandbyState } from "./settings.ts";

test("a copy of a primary that was started as a standby of nobody becomes a standby of its source", async () => {
  const pgdata = await mkdtemp(join(tmpdir(), "settings-"));
  const peers = { names: { wayTo: (host: string) => ({ host, hostaddr: "10.0.0.2" }) } }; // DNS does not answer
  try {
    const settings = join(pgdata, "postgresql.auto.conf");
    await writeFile(settings, "work_mem = '8MB'\nprimary_conninfo = ''\n");
    await writeStandbyState("pg2", { config: { ...fakeConfig({}), pgdata }, peers });
    assert.match(await readFile(settings, "utf8"), /^primary_conninfo = 'host=pg2 hostaddr=10\.0\.0\.2 .*'$/m);
    assert.match(await readFile(settings, "utf8"), /^work_mem = '8MB'$/m);
    assert.ok((await readdir(pgdata)).includes("standby.signal"));
  } finally {
    await rm(pgdata, { recursive: true });
  }
});
