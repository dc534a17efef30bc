// `deno task down`: stops and removes the example cluster; with --volumes also its data.
import { ensureCompose } from "./engine.ts";
import { composeFile, monitoringFile } from "./compose.ts";
import { optionsOf } from "./options.ts";
import { execute, say, task } from "./terminal.ts";

await task(async () => {
  const { volumes } = optionsOf({ volumes: "flag" });
  const compose = await ensureCompose();
  say(volumes ? "Removing the cluster and its data" : "Removing the cluster; its data stays in the volumes");
  const argv = [
    ...compose,
    ...composeFile,
    ...monitoringFile,
    "down",
    "--remove-orphans",
    ...(volumes ? ["--volumes"] : []),
  ];
  await execute(argv, { timeoutMs: 180_000 });
  say("Done.");
});
