// The receiver of docs/being-told.md, as the page prints it, and as a service of a cluster.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { root } from "../../tools/terminal.ts";
import type { Cluster } from "./cluster.ts";
import { type Edit, nodesOf, serviceOf, setEnvironment } from "./compose-file.ts";
import { logsOf } from "./docker.ts";

/** The Python text. Throws if the page has no such block. */
export async function receiverScript(): Promise<string> {
  const page = await readFile(join(root, "docs/being-told.md"), "utf8");
  const script = /^```python run\n([\s\S]*?)^```$/m.exec(page)?.[1];
  if (script === undefined) throw new Error("docs/being-told.md has no receiver");
  return script;
}

/** Looked for where no secret may be. */
export const eventKey = "a-key-that-only-receivers-know";

/** The service `receiver`; all nodes and pgpool send their events to it. */
export async function withReceiver(): Promise<Edit> {
  const script = await receiverScript();
  return (file) => {
    file.services.receiver = {
      image: serviceOf(file, "backup").image!, // it has Python
      entrypoint: ["python3", "-c", script],
      environment: { ON_EVENT_SECRET: eventKey },
      networks: ["cluster"],
    };
    for (const name of [...nodesOf(file), "pgpool"]) {
      setEnvironment(file, name, { ON_EVENT_URL: "http://receiver:8000/", ON_EVENT_SECRET: eventKey });
    }
  };
}

/** What the receiver has taken: one line an event, as kind, container, event. */
export async function receivedEvents(cluster: Cluster): Promise<string[]> {
  return (await logsOf(await cluster.container("receiver"))).split("\n").filter((line) => line !== "");
}
