// Asks this container's own agent, for commands that run every few seconds. By fetch: loading node:http would take 10 ms, a
// third of the time of such a command.
import { agentSocketPath } from "../protocol/port.ts";
import { errorText } from "../words/errors.ts";

export interface OwnAnswer {
  ok: boolean;
  /** what it said, without the line break; or why it could not be asked */
  said: string;
}

/**
 * GET of a path of this container's agent; what is under /local over its socket. Never throws: without an answer `ok` is false.
 */
export async function askOwnAgent(
  port: number,
  path: string,
  signal: AbortSignal,
  headers: Record<string, string> = {},
): Promise<OwnAnswer> {
  try {
    const { status, text } = path.startsWith("/local/")
      ? await askSocket(agentSocketPath, path, signal)
      : await askPort(port, path, signal, headers);
    const ok = status >= 200 && status < 300;
    if (ok || status === 503) return { ok, said: text.trimEnd() };
    return { ok: false, said: `the agent of this container answered ${status}: ${text.trimEnd()}` };
  } catch (error) {
    return { ok: false, said: `the agent of this container did not answer: ${errorText(error)}` };
  }
}

interface Told {
  status: number;
  text: string;
}

async function askPort(
  port: number,
  path: string,
  signal: AbortSignal,
  headers: Record<string, string>,
): Promise<Told> {
  const answer = await fetch(`http://127.0.0.1:${port}${path}`, { signal, headers });
  return { status: answer.status, text: await answer.text() };
}

/** GET over a unix socket. Throws if there is no answer. */
export async function askSocket(socketPath: string, path: string, signal: AbortSignal): Promise<Told> {
  const { request } = await import("node:http");
  return await new Promise((resolve, reject) => {
    const asking = request({ socketPath, path, signal, agent: false }, (answer) => {
      let text = "";
      answer.setEncoding("utf8");
      answer.on("data", (chunk: string) => text += chunk);
      answer.on("error", reject);
      answer.on("end", () => resolve({ status: answer.statusCode ?? 0, text }));
    });
    asking.on("error", reject);
    asking.end();
  });
}
