// ON_EVENT: sends some of the events that are logged to a command, to a webhook, or to both.
import type { EventKind } from "../../config/events.ts";
import { postOutside } from "../client/webhook.ts";
import { eventBody, type EventMessage, eventSignature } from "../protocol/event-message.ts";
import { away, endsAway, kindOf } from "../words/events/kinds.ts";
import { postgresAccount, run } from "./command.ts";
import type { Heard, Listener, Log } from "./log.ts";
import { Outbox, type Way } from "./outbox.ts";
import type { Clock } from "./time.ts";

/** An answer of the webhook may take so long, and a command; milliseconds. */
const answerMs = 5_000;
const commandMs = 30_000;
/** That no primary is in sight is sent once it has lasted so long, milliseconds: an ordinary failover is over before. */
const awayMs = 10_000;
/** With pauses of 1 s, 2 s, 4 s … 60 s: about six minutes. */
const webhookAttempts = 11;

export interface EventConfig {
  /** CLUSTER_NODE_NETWORK_NAME */
  networkName: string | null;
  onEventUrl: string | null;
  onEventSecret: string;
  onEventCommand: string[] | null;
  onEventKinds: EventKind[];
}

export interface NotifierDeps {
  clock: Clock;
  log: Log;
  container: string;
  newId: () => string;
}

/** No primary is in sight now; `over` once one is. */
interface Lost {
  over: AbortController;
  sent: boolean;
}

/** What hears each event of a log, and sends those that are wanted. */
export function notifier(config: EventConfig, deps: NotifierDeps): Listener {
  const boxes = waysOut(config, deps).map((way) => new Outbox(way, deps));
  const send = (message: EventMessage) => boxes.forEach((box) => box.put(message));
  let lost: Lost | null = null;
  const sendIfItLasts = async (message: EventMessage) => {
    const told: Lost = { over: new AbortController(), sent: false };
    lost = told;
    await deps.clock.sleep(awayMs, told.over.signal);
    if (told.over.signal.aborted) return;
    told.sent = true;
    send(message);
  };
  const hear = ({ event, time, level, fields }: Heard) => {
    if (event === away && lost !== null) return;
    const ended = endsAway(event) ? lost : null;
    if (ended !== null) {
      lost = null;
      ended.over.abort();
    }
    const kind = kindOf(event);
    if (kind === null || boxes.length === 0 || !config.onEventKinds.includes(kind)) return;
    if (endsAway(event) && !ended?.sent) return; // nobody was told that it was away
    const message = { id: deps.newId(), kind, container: deps.container, time, level, event, fields: fields() };
    if (event === away) void sendIfItLasts(message);
    else send(message);
  };
  return { hear, idle: () => Promise.all(boxes.map((box) => box.idle())).then(() => {}) };
}

function waysOut(config: EventConfig, deps: NotifierDeps): Way[] {
  const { onEventCommand: argv, onEventSecret: secret, onEventUrl: url } = config;
  return [
    ...(url === null ? [] : [{
      by: "ON_EVENT_URL" as const,
      attempts: webhookAttempts,
      send: (message: EventMessage) => post(url, secret, message, deps.clock),
    }]),
    ...(argv === null ? [] : [{
      by: "ON_EVENT_COMMAND" as const,
      attempts: 1,
      send: (message: EventMessage) => runCommand(argv, message, deps.log),
    }]),
  ];
}

async function post(url: string, secret: string, message: EventMessage, clock: Clock): Promise<void> {
  const body = eventBody(message);
  const signature = eventSignature(secret, Math.floor(clock.wallMs() / 1000), body);
  const headers: Record<string, string> = secret === "" ? {} : { "x-postdock-signature": signature };
  await postOutside({ url, body, headers, timeoutMs: answerMs });
}

async function runCommand(argv: readonly string[], message: EventMessage, log: Log): Promise<void> {
  const onLine = (line: string) => log.info("Output", { process: "ON_EVENT_COMMAND", line });
  await run(argv, {
    as: postgresAccount,
    input: eventBody(message) + "\n",
    timeoutMs: commandMs,
    keepBytes: 10_000,
    onLine,
  });
}
