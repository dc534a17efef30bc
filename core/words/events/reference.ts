// PURE: the register of events as Markdown, docs/events.md.
import { eventKinds } from "../../../config/events.ts";
import { eventEntry, type EventName, eventSubjects } from "./all.ts";
import { eventFields } from "./fields.ts";
import { kindOf } from "./kinds.ts";

/** The whole page. */
export function renderEvents(): string {
  return [
    "# Events",
    "",
    "Everything that a container logs is one of these events. Its name is the field `event` of the line. The same names are",
    "the label `event` of the metric `postdock_events_total`, and they are in `postdock cluster history`. A line also has",
    "`time` (ISO, UTC), `level` and mostly `node`. [Being told](being-told.md) says how to receive some of them.",
    "",
    ...eventSubjects.flatMap(({ title, events }) => [
      `## ${title}`,
      "",
      ...(Object.keys(events) as EventName[]).map(describe),
      "",
    ]),
    "## Fields",
    "",
    "A field means the same in every event. `null` is: not known.",
    "",
    ...Object.entries(eventFields).map(([name, meaning]) => `- \`${name}\`: ${meaning}`),
    "",
  ].join("\n");
}

function describe(name: EventName): string {
  const { levels, means, fix, fields } = eventEntry(name);
  const kind = kindOf(name);
  const list = fields.split(" ").filter((f) => f !== "").map((f) => `\`${f}\``);
  return [
    `- **${name}** (${levels.join(", ")}). ${means}`,
    ...(fix === null ? [] : [`What to do: ${fix}`]),
    ...(list.length === 0 ? [] : [`Fields: ${list.join(", ")}.`]),
    ...(kind === null ? [] : [`Sent by ON_EVENT as \`${kind}\`: ${eventKinds[kind]}.`]),
  ].join("\\\n  ");
}
