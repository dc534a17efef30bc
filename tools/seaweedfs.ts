// SeaweedFS, a real S3 server for the scenarios: built once from its source with Go, and kept outside the checkout.
import { mkdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { requireGo } from "./debian.ts";
import { execute, say } from "./terminal.ts";

const version = "v0.0.0-20261109003541-7506e5f91cd6";
const buildMs = 1_800_000;

const goMod = `module postdock/seaweedfs

go 1.26.6

require github.com/seaweedfs/seaweedfs ${version}

replace github.com/tyler-smith/go-bip39 => github.com/cosmos/go-bip39 v1.0.0
`;
/** Names the program, so that Go finds out what it needs. */
const tools = `//go:build tools

package tools

import _ "github.com/seaweedfs/seaweedfs/weed"
`;

/** Path of the executable; it is built if it is not there, which takes some minutes. */
export async function ensureSeaweed(): Promise<string> {
  const directory = join(homedir(), ".cache", "postdock", "seaweedfs", version);
  const program = join(directory, "weed");
  if (await stat(program).then(() => true, () => false)) return program;
  await requireGo("the S3 server of the object store's scenario");
  say("Building SeaweedFS, the S3 server of a scenario, in the background");
  await mkdir(directory, { recursive: true });
  await writeFile(join(directory, "go.mod"), goMod);
  await writeFile(join(directory, "tools.go"), tools);
  const half = join(directory, "weed.half");
  const caches = { GOMODCACHE: join(directory, "modules"), GOCACHE: join(directory, "objects") };
  const env = { CGO_ENABLED: "0", GOFLAGS: "-mod=mod -buildvcs=false -modcacherw", ...caches };
  // one compiler at a time, with the lowest priority: it runs beside scenarios
  const argv = ["nice", "-n", "19", "go", "build", "-p", "1", "-trimpath", "-ldflags", "-s -w", "-o", half];
  await execute([...argv, "github.com/seaweedfs/seaweedfs/weed"], { timeoutMs: buildMs, cwd: directory, env });
  await rename(half, program);
  for (const cache of Object.values(caches)) await rm(cache, { recursive: true, force: true }); // gigabytes
  return program;
}
