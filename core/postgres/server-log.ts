// PURE: what the lines of PostgreSQL's log say: messages with their DETAIL and HINT, which of them says why the server has ended,
// and which says why a standby does not stream.

export interface ServerMessage {
  severity: "LOG" | "WARNING" | "ERROR" | "FATAL" | "PANIC";
  /** of the process that said it; null if log_line_prefix does not show it */
  pid: number | null;
  text: string;
  detail: string | null;
  hint: string | null;
}

/** What one run of a server has said, as far as it can be a cause. */
export interface Heard {
  /** the newest ones, oldest first */
  messages: readonly ServerMessage[];
  /** the process that spoke first */
  postmaster: number | null;
  /** why the WAL receiver ended last; null: it has streamed since */
  receiver: ServerMessage | null;
  /** why the replay of WAL has stopped, if it has said so; it may go on since */
  replay: ServerMessage | null;
  /** what the last line was part of, for the lines that go on */
  last: ServerMessage | null;
}

export const nothingHeard: Heard = { messages: [], postmaster: null, receiver: null, replay: null, last: null };

/** Messages kept of one run. */
const mostMessages = 40;
/** Longest text of a message that is kept, in characters: a statement may be of any length, and of any number of lines. */
const longestText = 4096;
/** Longest cause, in characters: it is shown in one line. */
const longestCause = 600;

const severities = "DEBUG\\d?|INFO|NOTICE|LOG|WARNING|ERROR|FATAL|PANIC";
const parts = "DETAIL|HINT|CONTEXT|STATEMENT|QUERY|LOCATION|BACKTRACE";
const linePattern = new RegExp(`^(.*?)\\b(${severities}|${parts}): {1,2}(.*)$`);
/** What the server prints before it has a log. */
const rawPattern = /^postgres: (.+)$/;

const ofReceiver =
  /^(streaming replication receiver|could not (connect to the primary|receive |start WAL streaming|send )|primary server |database system identifier differs|highest timeline \d+ of the primary|terminating walreceiver due to timeout|unexpected timeline history|invalid (response|data).* primary)/;
/** A new WAL file has no room: its WAL receiver ends of that on a standby, and a client's session on a primary. */
const ofNewWal = /^could not (?:create|write to|fsync) file "pg_wal\/xlogtemp/;
const ofReplay = /^hot standby is not possible because of insufficient parameter settings/;
const ofClient =
  /^(password authentication failed|no pg_hba\.conf entry|pg_hba\.conf rejects|role "|database "|terminating (connection|background|autovacuum|walreceiver|logical)|sorry, too many clients|too many connections|remaining connection slots|the database system is|unsupported frontend protocol|connection to client lost|canceling|expected |permission denied for|must be |number of requested standby|no PostgreSQL user name|invalid startup packet|peer authentication|Ident authentication|SSL |certificate authentication|[a-zA-Z-]+ authentication failed)/;
const childEnd = /process \(PID (\d+)\) (exited with|was terminated by)/;
const endOfAll = /^(performing immediate shutdown because|shutting down because|received .* shutdown request)/;
/** What only sums up the message before it. */
const summary = /contains errors$|^could not load |could not create any |^aborting startup/;

/** The message that a line begins; null where it goes on with one, or is none. */
export function messageOf(line: string): Pick<ServerMessage, "severity" | "pid" | "text"> | null {
  return line.startsWith("\t") ? null : messageIn(linePattern.exec(line) ?? []);
}

function messageIn([, prefix = "", kind = "", text = ""]: readonly string[]): ReturnType<typeof messageOf> {
  if (!/^(LOG|WARNING|ERROR|FATAL|PANIC)$/.test(kind)) return null;
  return { severity: kind as ServerMessage["severity"], pid: pidOf(prefix), text: text.slice(0, longestText) };
}

/** What has been heard once this line has been said. */
export function hear(heard: Heard, line: string): Heard {
  if (line.startsWith("\t")) {
    const { last } = heard;
    if (last === null || last.text.length >= longestText) return heard;
    return replace(heard, last, { ...last, text: `${last.text} ${line.trim()}`.slice(0, longestText) });
  }
  const raw = rawPattern.exec(line);
  if (raw) return add(heard, { severity: "FATAL", pid: null, text: raw[1]!, detail: null, hint: null });
  const matched = linePattern.exec(line) ?? [];
  const [, prefix = "", kind = "", whole = ""] = matched;
  const text = whole.slice(0, longestText);
  if (kind === "") return { ...heard, last: null };
  const pid = pidOf(prefix);
  if (kind === "DETAIL" || kind === "HINT") {
    const of = heard.last?.pid === pid ? heard.last : heard.messages.findLast((m) => m.pid === pid);
    if (of === undefined) return { ...heard, last: null };
    return replace(heard, of, { ...of, ...(kind === "DETAIL" ? { detail: text } : { hint: text }) });
  }
  const message = messageIn(matched);
  return message === null ? { ...heard, last: null } : add(heard, { ...message, detail: null, hint: null });
}

function pidOf(prefix: string): number | null {
  const found = /\[(\d+)(?:-\d+)?\]/.exec(prefix);
  return found ? Number(found[1]) : null;
}

function add(heard: Heard, message: ServerMessage): Heard {
  const postmaster = heard.postmaster ?? message.pid;
  const { severity, text } = message;
  if (/^started streaming WAL/.test(text)) return { ...heard, receiver: null, last: null };
  const fatal = severity === "FATAL" || severity === "PANIC";
  // an ERROR is of a client, whose statement is nobody else's concern
  if (severity === "ERROR" && message.pid !== postmaster) return { ...heard, postmaster, last: null };
  if (fatal && ofClient.test(text)) return { ...heard, postmaster, last: null };
  if (fatal && ofReceiver.test(text)) return { ...heard, postmaster, receiver: message, last: message };
  const messages = [...heard.messages, message].slice(-mostMessages);
  const receiver = fatal && ofNewWal.test(text) ? message : heard.receiver;
  return {
    ...heard,
    messages,
    postmaster,
    receiver,
    replay: ofReplay.test(text) ? message : heard.replay,
    last: message,
  };
}

function replace(heard: Heard, old: ServerMessage, now: ServerMessage): Heard {
  const swap = (m: ServerMessage | null) => m === old ? now : m;
  return {
    ...heard,
    messages: heard.messages.map((m) => m === old ? now : m),
    receiver: swap(heard.receiver),
    replay: swap(heard.replay),
    last: now,
  };
}

/** Why the server has ended, in its own words; null if it has not said why. */
export function whyEnded({ messages, postmaster }: Heard): ServerMessage | null {
  const fatal = messages.filter((m) => m.severity === "FATAL" || m.severity === "PANIC");
  const end = messages.findLast((m) => childEnd.test(m.text));
  const child = end ? Number(childEnd.exec(end.text)![1]) : null;
  const main = postmaster === null ? undefined : fatal.findLast((m) => m.pid === postmaster);
  const found = (child === null ? undefined : fatal.findLast((m) => m.pid === child)) ?? main ??
    fatal.at(-1) ?? end ?? messages.findLast((m) => endOfAll.test(m.text));
  if (found === undefined) return null;
  return summary.test(found.text) ? withReasons(found, messages) : found;
}

/** A message that only sums up, with what the same process said before it. */
function withReasons(found: ServerMessage, messages: readonly ServerMessage[]): ServerMessage {
  const before = messages.slice(0, messages.indexOf(found)).filter((m) =>
    m.pid === found.pid && !/^(starting PostgreSQL|listening on)/.test(m.text)
  );
  const reasons = before.slice(-2).map((m) => m.detail === null ? m.text : `${m.text} (${m.detail})`);
  const hint = found.hint ?? before.findLast((m) => m.hint !== null)?.hint ?? null;
  return { ...found, text: [found.text, ...reasons].join(": "), hint };
}

/** One message as people read it, in one line. */
export function messageText({ severity, text, detail }: ServerMessage): string {
  const whole = `${severity}: ${text}${detail === null ? "" : ` (${detail.replace(/\.$/, "")})`}`;
  return whole.length > longestCause ? `${whole.slice(0, longestCause)} ...` : whole;
}
