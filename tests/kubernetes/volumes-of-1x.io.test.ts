// What values-from-1x.yaml does to a volume: the data come to where new volumes have them, whenever it was stopped meanwhile.
import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { parse } from "yaml";
import { execute, root } from "../../tools/terminal.ts";
import { render } from "../support/kubernetes-objects.ts";

const values = parse(await readFile(join(root, "kubernetes/chart/values-from-1x.yaml"), "utf8"));
const [{ command, args: [script] }] = values.postgres.initContainers;
const mount = "/var/lib/postgresql/data";

/** Runs the script on a directory in place of the mount. */
const move = (directory: string) => {
  assert.ok(script.includes(mount));
  return execute([...command, script.replaceAll(mount, directory)], { timeoutMs: 10_000 });
};

/** A volume as 1.x has it, or as `change` makes it of that. */
async function volume(change: (directory: string) => Promise<unknown>): Promise<string[]> {
  const directory = await mkdtemp(join(tmpdir(), "postdock-volume-"));
  try {
    for (const name of ["base", "lost+found"]) await mkdir(join(directory, name));
    for (const name of ["PG_VERSION", "base/1", ".hidden", "postgresql.conf"]) {
      await writeFile(join(directory, name), "17\n");
    }
    await change(directory);
    await move(directory);
    const once = (await readdir(directory, { recursive: true })).sort();
    await move(directory);
    assert.deepEqual((await readdir(directory, { recursive: true })).sort(), once, "the second time it does nothing");
    return once;
  } finally {
    await rm(directory, { recursive: true });
  }
}

const moved = [
  "lost+found",
  "pgdata",
  "pgdata/.hidden",
  "pgdata/PG_VERSION",
  "pgdata/base",
  "pgdata/base/1",
  "pgdata/postgresql.conf",
];

/** Moves these as a run that was stopped has. */
const begun = (...names: string[]) => async (directory: string) => {
  await mkdir(join(directory, "moving"));
  for (const name of names) await rename(join(directory, name), join(directory, "moving", name));
};

const states: readonly [state: string, change: (directory: string) => Promise<unknown>][] = [
  ["as 1.x left it", () => Promise.resolve()],
  ["stopped before the first", begun()],
  ["stopped between two", begun("base", ".hidden")],
  ["stopped before the last", begun("base", ".hidden", "postgresql.conf")],
  ["stopped before the directory has its name", begun("base", ".hidden", "postgresql.conf", "PG_VERSION")],
];

for (const [state, change] of states) {
  test(`data of 1.x are moved: ${state}`, async () => {
    assert.deepEqual(await volume(change), moved);
  });
}

test("a new volume stays as it is", async () => {
  const there = await volume(async (directory) => {
    for (const name of ["PG_VERSION", "base", ".hidden", "postgresql.conf"]) {
      await rm(join(directory, name), { recursive: true });
    }
  });
  assert.deepEqual(there, ["lost+found"]);
});

test("the data are moved by the image that the nodes run, to where they look for them", async () => {
  const [node] = (await render("", ["values-from-1x.yaml"])).filter((o) => o.metadata.name === "mysystem-db-node");
  const { initContainers: [mover], containers: [own] } = node!.spec.template.spec;
  assert.equal(mover.image, own.image);
  const pgdata = own.env.find((e: { name: string }) => e.name === "PGDATA").value;
  assert.equal(pgdata, `${mount}/pgdata`);
});
