// The page at / and its events: the same for all roles. What it shows is made at the top, which knows all roles.
import type { Context, Hono } from "hono";
import { after } from "../runtime/time.ts";
import type { AnyStatus } from "../protocol/status.ts";

/** What a page shows, asked for by requests. */
export interface Page {
  /** the whole document as it is now */
  page(): Promise<string>;
  /** its parts as they are now, by the id of their place */
  parts(): Promise<Readonly<Record<string, string>>>;
  /** Content-Security-Policy */
  policy: string;
}

/** Makes the page of a container from what that reports of itself. */
export type OpenPage = (own: () => AnyStatus) => Page;

/** So many may follow the page at the same time; others can still load it. */
export const mostFollowers = 12;
/** How often it is looked for changes, and how long one request for events is answered, milliseconds. */
const tickMs = 1_000;
const longestMs = 600_000;

/** Adds the page. `refuse`: the answer to those who may not look; null: they may. */
export function addPage(app: Hono, { page, parts, policy }: Page, refuse: (c: Context) => Response | null): void {
  let followers = 0;
  app.get("/", async (c) =>
    refuse(c) ?? c.html(await page(), 200, {
      "content-security-policy": policy,
      "cache-control": "no-store",
      "referrer-policy": "no-referrer",
      "x-content-type-options": "nosniff",
    }));
  app.get("/live", (c) => {
    const refused = refuse(c);
    if (refused) return refused;
    if (followers >= mostFollowers) return c.text("too many follow the page here: load it again to look again\n", 503);
    followers++;
    const events = changes(parts, () => followers--);
    return c.body(events, 200, { "content-type": "text/event-stream", "cache-control": "no-store" });
  });
}

/**
 * Server-sent events: the parts that have changed since the last one. The next is made only once the last was taken, so a slow
 * reader costs nothing.
 */
function changes(parts: Page["parts"], onEnd: () => void): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  let sent: Readonly<Record<string, string>> = {};
  let open = true;
  let wake = () => {};
  const end = () => {
    if (!open) return;
    open = false;
    cancelEnd();
    wake();
    onEnd();
  };
  let pause = Promise.resolve();
  const cancelEnd = after(longestMs, end);
  const tick = () =>
    new Promise<void>((resolve) => {
      const cancel = after(tickMs, resolve);
      wake = () => {
        cancel();
        resolve();
      };
    });
  return new ReadableStream({
    async pull(controller) {
      try {
        while (open) {
          await pause;
          pause = tick(); // a look takes a part of it
          const now = await parts();
          const changed = Object.entries(now).filter(([id, html]) => sent[id] !== html);
          sent = now;
          if (!open || changed.length === 0) continue;
          return controller.enqueue(encoder.encode(`data: ${JSON.stringify(Object.fromEntries(changed))}\n\n`));
        }
        controller.close();
      } catch (error) {
        end();
        controller.error(error);
      }
    },
    cancel: end,
  }, { highWaterMark: 0 });
}
