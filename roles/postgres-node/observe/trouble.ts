// What keeps this node from its work, in the words of PostgreSQL or of the tool that failed, and what to do about it.
import { concerned } from "../../../core/postgres/concerned.ts";
import { remedyFor } from "../../../core/postgres/remedy.ts";
import { notLetIn } from "../../../core/postgres/remedy-login.ts";
import { messageText, type ServerMessage, whyEnded } from "../../../core/postgres/server-log.ts";
import type { Trouble } from "../../../core/protocol/trouble.ts";
import { errorText, OperatorError } from "../../../core/words/errors.ts";
import type { NodeConfig } from "../../../config/postgres-node.ts";
import type { Clock } from "../../../core/runtime/time.ts";
import type { DataDoor, ServerProcess } from "../doors.ts";
import { type AlteredSetting, blamed, takeBackText } from "../text/auto-conf.ts";
import { decideUnhealthy, type Unhealthy } from "../decide/health.ts";
import type { Activity } from "../state/activity.ts";
import type { Condition } from "../state/condition.ts";
import type { Observed } from "../state/observed.ts";

/** How long the last lines of a server that has ended are waited for, milliseconds: an orphan may hold the pipe open. */
const lastLinesMs = 300;

export const seeLog = "see the lines before this one in this log; the start is retried with growing pauses";

interface Hearing {
  config: Pick<NodeConfig, "host" | "settings">;
  seen: Pick<Observed, "now">;
}

interface Waiting {
  activity: Pick<Activity, "because">;
  clock: Pick<Clock, "nowMs">;
  condition: Condition;
  config: Pick<NodeConfig, "waitStartSeconds" | "waitUpstreamSeconds">;
}

/** Why this server, which has ended, did so. What it did not say is not guessed at. */
export async function endOfServer(
  { process }: { process: ServerProcess },
  { clock, condition, config, doors, seen, stop }: Hearing & {
    clock: Clock;
    condition: Pick<Condition, "fenced" | "tls">;
    doors: { data: Pick<DataDoor, "altered"> };
    stop: AbortSignal;
  },
): Promise<Trouble> {
  const exit = process.lastExit();
  // one that was killed has no last words, and its orphans would keep a primary waiting that starts again at once
  if (!exit?.signal) await Promise.race([process.silent(), clock.sleep(lastLinesMs, stop)]);
  const said = whyEnded(seen.now.heard);
  const killed = exit?.signal === "SIGKILL" || exit?.signal === "SIGQUIT" ||
    /immediate shutdown/.test(said?.text ?? "");
  if (condition.fenced !== null && killed) {
    return {
      because: `this node ended PostgreSQL itself, since ${condition.fenced}`,
      fix:
        "nothing on this node: it starts again and asks for the lease; mend why voters do not answer, if they do not",
    };
  }
  const altered = await doors.data.altered();
  const ofFiles = condition.tls?.faults[0];
  if (said && ofFiles && /could not load (server certificate|private key|root certificate) file/.test(said.text)) {
    return { because: `${ofFiles.because}; so PostgreSQL did not start: ${messageText(said)}`, fix: ofFiles.fix };
  }
  if (said) return { ...toTrouble(said, config), ...fixOfSetting(said, altered, config) };
  const how = exit?.signal ? `was ended by ${exit.signal}` : `exited with ${exit?.code ?? "an unknown code"}`;
  const toFiles = [...config.settings, ...altered].some((s) =>
    s.name === "logging_collector" && /^(on|true|yes|1)$/i.test(s.value)
  );
  return toFiles
    ? {
      because: `postgres ${how}`,
      fix: "see the files in log_directory, to which logging_collector sends PostgreSQL's log",
    }
    : { because: `postgres ${how} and did not say why`, fix: seeLog };
}

/** What to do about a setting that keeps the server from starting: ALTER SYSTEM cannot take it back then. Empty: it is none. */
function fixOfSetting(
  said: ServerMessage,
  altered: readonly AlteredSetting[],
  { settings }: Hearing["config"],
): { fix?: string } {
  const message = `${messageText(said)} ${said.hint ?? ""}`;
  const line = blamed(message, altered);
  if (line !== null) return { fix: takeBackText(line) };
  const own = remedyFor(message, { host: "" }) === null ? blamed(message, settings) : null;
  return own === null ? {} : { fix: `correct ${own.name} in CONFIGS, which is ${own.value} there` };
}

/** Why this running standby does not stream, or has stopped its replay; null if it does both, or has not said. */
export function standbyTrouble({ seen, config }: Hearing): Trouble | null {
  const { heard, server } = seen.now;
  if (server === null || !server.standby) return null;
  const said = (server.replayPaused ? heard.replay : null) ??
    (server.upstream?.streaming === true ? null : heard.receiver);
  return said && toTrouble(said, concerned(messageText(said), config, server.upstream?.host ?? null));
}

/** The same of anything that was thrown. */
export function troubleOf(error: unknown): Trouble {
  if (!(error instanceof OperatorError)) return { because: errorText(error), fix: seeLog };
  return { because: error.why ? `${error.what}: ${error.why}` : error.what, fix: error.fix };
}

/** SQLSTATE: five characters, with a digit, unlike a code of the system. Class 57: the server starts, ends, or cancelled the query. */
const sqlState = /^(?=.*\d)(?!57)[0-9A-Z]{5}$/;
/** Those of a login that is refused: authentication, no such database, no connection free. */
const ofLogin = /^28|^3D000$|^53300$|^55000$/;

/** Why a server that answers refuses what its agent asks; null: it has not answered, or only starts. */
export function refusedHere(error: unknown, config: Pick<NodeConfig, "host">): Trouble | null {
  const { code } = error as { code?: unknown };
  if (typeof code !== "string" || !sqlState.test(code)) return null;
  const because = ofLogin.test(code) ? `${notLetIn}: ${errorText(error)}` : errorText(error);
  return { because, fix: remedyFor(because, config) ?? seeLog };
}

/** A message of a server of the node `config`, as a trouble. */
export function toTrouble(said: ServerMessage, config: Pick<NodeConfig, "host">): Trouble {
  const because = messageText(said);
  return { because, fix: remedyFor(because, config) ?? said.hint ?? seeLog };
}

/** Why this node counts as unhealthy: its server has been down, or it has waited for others, for too long. Null: it does not. */
export function unhealthyNow({ activity, clock, condition, config }: Waiting): Unhealthy | null {
  return decideUnhealthy({
    failingMs: condition.failingMs(clock.nowMs()),
    refuses: condition.refuses,
    trouble: condition.trouble,
    waitingMs: condition.waitingSince === null ? 0 : clock.nowMs() - condition.waitingSince,
    waitsBecause: activity.because,
    limits: { failingMs: config.waitStartSeconds * 1000, waitingMs: config.waitUpstreamSeconds * 1000 },
  });
}
