/** @jsxImportSource hono/jsx */
// PURE: small pieces that several parts of the page use.
import type { Child } from "hono/jsx";
import { commandsIn, isMoment, momentText, spanText } from "../words.ts";

/** A part of the page with its heading. */
export const Panel = (
  { id, title, children, wide }: { id: string; title: string; children?: Child; wide?: boolean },
) => (
  <section class={wide ? "panel wide" : "panel"} aria-labelledby={`h-${id}`}>
    <h2 id={`h-${id}`}>{title}</h2>
    {children}
  </section>
);

/** A text in which commands stand out. */
export const WithCommands = ({ text }: { text: string }) => (
  <>{commandsIn(text).map((part) => part.command ? <code>{part.text}</code> : part.text)}</>
);

/** A moment, and how long ago it was. */
export const Moment = ({ wallMs, nowMs }: { wallMs: number; nowMs: number }) =>
  isMoment(wallMs)
    ? (
      <>
        <time datetime={new Date(wallMs).toISOString()}>{momentText(wallMs)}</time>{" "}
        <span class="soft">
          ({wallMs <= nowMs ? `${spanText(nowMs - wallMs)} ago` : `in ${spanText(wallMs - nowMs)}`})
        </span>
      </>
    )
    : <>{momentText(wallMs)}</>;

/** A fact with its name, for a list of facts. */
export const Fact = ({ name, children }: { name: string; children?: Child }) => (
  <div>
    <dt>{name}</dt>
    <dd>{children}</dd>
  </div>
);

const shapes = {
  good: <path d="M7 12.5l3.5 3.5L17 9" />,
  care: <path d="M12 7v6M12 16.5v.5" />,
  bad: <path d="M8.5 8.5l7 7M15.5 8.5l-7 7" />,
} as const;

/** A sign for a level; the words beside it say the same. */
export const Sign = ({ level }: { level: keyof typeof shapes }) => (
  <svg class={`sign ${level}`} viewBox="0 0 24 24" aria-hidden="true" focusable="false">
    <circle cx="12" cy="12" r="11" />
    {shapes[level]}
  </svg>
);
