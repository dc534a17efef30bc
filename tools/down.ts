// `deno task down`: stops and removes the example cluster; with --volumes also its data.
import process from "node:process";
import { ensureCompose } from "./engine.ts";
import { composeFile } from "./compose.ts";
import { execute, say, task } from "./terminal.ts";

await task(async () => {
  const volumes = process.argv.includes("--volumes");
  const compose = await ensureCompose();
  say(volumes ? "Removing the cluster and its data" : "Removing the cluster; its data stays in the volumes");
  const argv = [...compose, ...composeFile, "down", "--remove-orphans", ...(volumes ? ["--volumes"] : [])];
  await execute(argv, { timeoutMs: 180_000 });
  say("Done.");
});
