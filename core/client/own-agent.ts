// Asks this container's own agent, for the commands that run every few seconds: by fetch, since what node:http costs at the
// start of a process (10 ms) is a third of such a command.
import { errorText } from "../words/errors.ts";
import { httpPort } from "../protocol/port.ts";

export interface OwnAnswer {
  ok: boolean;
  /** what it said, without the line's end; or why it could not be asked */
  said: string;
}

/** GET of a path of the agent of this container. Never throws: an agent that does not answer is not ok. */
export async function askOwnAgent(path: string, signal: AbortSignal): Promise<OwnAnswer> {
  try {
    const answer = await fetch(`http://127.0.0.1:${httpPort}${path}`, { signal });
    const said = (await answer.text()).trimEnd();
    if (answer.ok || answer.status === 503) return { ok: answer.ok, said };
    return { ok: false, said: `the agent of this container answered ${answer.status}: ${said}` };
  } catch (error) {
    return { ok: false, said: `the agent of this container did not answer: ${errorText(error)}` };
  }
}
