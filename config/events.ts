// Variables of ON_EVENT: what a container tells a command or a webhook.
import { env, MalformedValue, plainText } from "./env.ts";
import { absolutePath } from "./paths.ts";

/** The kinds of events that are sent, each with what it tells. */
export const eventKinds = {
  promotion: "another node leads, or could not",
  fence: "a primary was ended, so that another node may lead",
  backup: "a base backup is complete or failed, or WAL does not arrive",
  drill: "the newest backup was verified, with its result",
  degraded: "a promise is weaker than configured, or holds again",
} as const;

export type EventKind = keyof typeof eventKinds;
const kindNames = Object.keys(eventKinds) as EventKind[];

/** An address that is asked by POST. Its path may be a secret, so the message does not repeat it. Throws MalformedValue. */
const webhook = (text: string): string => {
  const url = URL.canParse(plainText(text)) ? new URL(text) : null;
  if (url === null || !/^https?:$/.test(url.protocol)) throw new MalformedValue("is not an address with http or https");
  if (url.username !== "" || url.password !== "") {
    throw new MalformedValue("has a user or password: ON_EVENT_SECRET signs what is sent");
  }
  return text;
};

/** A command as its arguments: words, or a list in JSON. It is run without a shell. Throws MalformedValue. */
const argumentList = (text: string): string[] => {
  const argv = plainText(text).trimStart().startsWith("[") ? jsonList(text) : text.trim().split(/\s+/);
  if (!text.trimStart().startsWith("[") && /["'`$|&;<>\\]/.test(text)) {
    throw new MalformedValue('has a character of a shell, and none is used: write ["/program","argument"]');
  }
  absolutePath(argv[0]!);
  return argv;
};

function jsonList(text: string): string[] {
  const wrong = new MalformedValue('is not a list of texts like ["/program","argument"]');
  let list: unknown;
  try {
    list = JSON.parse(text);
  } catch {
    throw wrong;
  }
  if (!Array.isArray(list) || list.length === 0 || list.some((a) => typeof a !== "string")) throw wrong;
  return list.map(plainText);
}

const kinds = (text: string): EventKind[] => {
  const words = text.split(",").map((w) => w.trim().toLowerCase());
  const wrong = words.find((w) => !(kindNames as string[]).includes(w));
  if (wrong !== undefined) throw new MalformedValue(`has "${wrong}", which is not a kind of event`);
  return kindNames.filter((k) => words.includes(k));
};

const signingKey = (text: string) => {
  if (plainText(text).length < 16) throw new MalformedValue("has fewer than 16 characters");
  return text;
};

export const eventVariables = {
  onEventUrl: env<string | null>("ON_EVENT_URL", webhook, {
    fallback: null,
    accepts: "an address with http or https",
    doc:
      "Events are sent there by POST, as JSON (docs/being-told.md). What fails is sent again, after pauses that grow.",
    changed: "New.",
    secret: true,
  }),
  onEventSecret: env("ON_EVENT_SECRET", signingKey, {
    fallback: "",
    accepts: "text of at least 16 characters",
    doc: "Key that signs what is sent to ON_EVENT_URL, with HMAC-SHA256 in the header x-postdock-signature.",
    changed: "New.",
    secret: true,
  }),
  onEventCommand: env<string[] | null>("ON_EVENT_COMMAND", argumentList, {
    fallback: null,
    accepts: 'the absolute path of a program and its arguments: words, or ["/program","argument"]',
    doc:
      "Run for each event, as postgres and without a shell; the event comes on its standard input as JSON. It has 30 s, " +
      "and is not repeated if it fails.",
    changed: "New.",
  }),
  onEventKinds: env<EventKind[]>("ON_EVENT_KINDS", kinds, {
    fallback: kindNames,
    defaultText: kindNames.join(","),
    accepts: `some of ${kindNames.join(", ")}, separated by commas`,
    doc: "Which events are sent to ON_EVENT_URL and ON_EVENT_COMMAND; docs/events.md says of which kind each is.",
    changed: "New.",
  }),
};
