// Asks this container's own agent, for commands that run every few seconds. By fetch: loading node:http would take 10 ms, a
// third of the time of such a command.
import { errorText } from "../words/errors.ts";

export interface OwnAnswer {
  ok: boolean;
  /** what it said, without the line break; or why it could not be asked */
  said: string;
}

/** GET of a path of this container's agent. Never throws: without an answer `ok` is false. */
export async function askOwnAgent(
  port: number,
  path: string,
  signal: AbortSignal,
  headers: Record<string, string> = {},
): Promise<OwnAnswer> {
  try {
    const answer = await fetch(`http://127.0.0.1:${port}${path}`, { signal, headers });
    const said = (await answer.text()).trimEnd();
    if (answer.ok || answer.status === 503) return { ok: answer.ok, said };
    return { ok: false, said: `the agent of this container answered ${answer.status}: ${said}` };
  } catch (error) {
    return { ok: false, said: `the agent of this container did not answer: ${errorText(error)}` };
  }
}
