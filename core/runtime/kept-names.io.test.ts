// The last good addresses in a real file: there while DNS is silent, away again after it, and a file that cannot be written is said once.
import assert from "node:assert/strict";
import { mkdtemp, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { Way } from "../postgres/conninfo.ts";
import { createLog } from "./log.ts";
import { KeptNames } from "./kept-names.ts";

test("addresses are in the file while DNS is silent, and what stood there stays", async () => {
  const path = join(await mkdtemp(join(tmpdir(), "postdock-hosts-")), "hosts");
  await writeFile(path, "127.0.0.1 localhost\n");
  const said: string[] = [];
  const log = createLog({ level: "INFO", write: (line) => said.push(JSON.parse(line).event), wallMs: () => 0 });
  let way: Omit<Way, "host"> = {};
  const kept = new KeptNames({ hosts: ["pgmaster"], names: { wayTo: (host) => ({ host, ...way }) }, log, path });
  await kept.update();
  assert.deepEqual(said, []);
  way = { hostaddr: "10.0.0.2" };
  await kept.update();
  await kept.update();
  assert.match(await readFile(path, "utf8"), /^127\.0\.0\.1 localhost\n10\.0\.0\.2 pgmaster #.*\n$/);
  way = {};
  await kept.update();
  assert.equal(await readFile(path, "utf8"), "127.0.0.1 localhost\n");
  assert.deepEqual(said, [
    "DNS is silent or late: the last good addresses are used",
    "DNS answers again: its addresses are used",
  ]);
});

test("a file that cannot be written is said once", async () => {
  const said: string[] = [];
  const log = createLog({ level: "INFO", write: (line) => said.push(JSON.parse(line).event), wallMs: () => 0 });
  const names = { wayTo: (host: string) => ({ host, hostaddr: "10.0.0.2" }) };
  const kept = new KeptNames({ hosts: ["pgmaster"], names, log, path: "/nowhere/hosts" });
  await kept.update();
  await kept.update();
  assert.deepEqual(said, ["The last good addresses could not be written to /etc/hosts"]);
});
