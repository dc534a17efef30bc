// ON_EVENT: sends some of the events that are logged to a command, to a webhook, or to both.
import type { EventKind } from "../../config/events.ts";
import { postOutside } from "../client/webhook.ts";
import { eventBody, type EventMessage, eventSignature } from "../protocol/event-message.ts";
import type { EventName } from "../words/events/all.ts";
import { kindOf, openAfter } from "../words/events/kinds.ts";
import { postgresAccount, run } from "./command.ts";
import type { Heard, Listener, Log } from "./log.ts";
import { Outbox, type Way } from "./outbox.ts";
import type { Clock } from "./time.ts";

/** An answer of the webhook may take so long, and a command; milliseconds. */
const answerMs = 5_000;
const commandMs = 30_000;
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

/** What hears each event of a log, and sends those that are wanted. */
export function notifier(config: EventConfig, deps: NotifierDeps): Listener {
  const boxes = waysOut(config, deps).map((way) => new Outbox(way, deps));
  let open: EventName | null = null;
  const hear = ({ event, time, level, fields }: Heard) => {
    const repeated = event === open;
    open = openAfter(open, event);
    const kind = kindOf(event);
    if (kind === null || repeated || boxes.length === 0 || !config.onEventKinds.includes(kind)) return;
    const message = { id: deps.newId(), kind, container: deps.container, time, level, event, fields: fields() };
    for (const box of boxes) box.put(message);
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
