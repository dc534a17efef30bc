/** @jsxImportSource hono/jsx */
// PURE: the page, from what one look has seen. It loads nothing, and runs one script, which its policy names by its hash.
import { createHash } from "node:crypto";
import { raw } from "hono/html";
import { POSTDOCK_VERSION } from "../../core/words/version.ts";
import { diagnose } from "../cluster/diagnose.ts";
import { headline, needsNothing } from "./headline.ts";
import { BackupsPart } from "./parts/backups.tsx";
import { EventsPart, LeasePart, PoolPart } from "./parts/details.tsx";
import { Now, Seen, spoken, Steps, Todo } from "./parts/top.tsx";
import { Tree } from "./parts/tree.tsx";
import { script } from "./script.ts";
import { story } from "./story.ts";
import { style } from "./style.ts";
import { topology } from "./topology.ts";
import { barmans, type MapView, pools } from "./view.ts";
import { listText } from "./words.ts";

/** The parts of the page that change, by the id of their place. `title` is the title of the window, as plain text. */
export type Parts = Readonly<Record<string, string>>;

/** Every part as HTML, in the order of the page. */
export function partsOf(view: MapView): Parts {
  const findings = diagnose(view.cluster);
  const now = headline(view, findings[0]?.level ?? null);
  const told = story(view);
  return {
    title: `${now.says.slice(0, 2).join("; ")} · PostDock`,
    seen: text(<Seen view={view} />),
    spoken: text(<>{spoken(view, now)}</>),
    now: text(<Now view={view} now={now} />),
    story: told === null ? "" : text(<Steps story={told} />),
    map: text(<Tree places={topology(view)} note={unseenText(view)} />),
    todo: findings.length === 0 ? "" : text(<Todo findings={findings} nothing={needsNothing(view, told)} />),
    lease: text(<LeasePart view={view} />),
    pool: text(<PoolPart view={view} />),
    backups: text(<BackupsPart view={view} />),
    events: text(<EventsPart view={view} />),
  };
}

/** The whole document. */
export function pageOf(parts: Parts): string {
  const place = (id: string) => <div id={id}>{raw(parts[id] ?? "")}</div>;
  const page = (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>{parts.title}</title>
        <link rel="icon" href="data:," />
        <style>{raw(style)}</style>
      </head>
      <body>
        <header>
          <strong>PostDock</strong>
          <span id="seen">{raw(parts.seen ?? "")}</span>
          <span id="live">
            <noscript>This page does not renew itself without JavaScript.</noscript> <a href="">Look again</a>
          </span>
        </header>
        <main>
          <p id="spoken" class="unseen" role="status">{raw(parts.spoken ?? "")}</p>
          {["now", "story", "map", "todo"].map(place)}
          <div class="pair">{["lease", "pool"].map(place)}</div>
          {["backups", "events"].map(place)}
        </main>
        <footer>
          PostDock {POSTDOCK_VERSION}. Times are UTC. This page changes nothing; what does is typed:{" "}
          <code>postdock cluster</code>. <a href="status">Status</a> and <a href="metrics">metrics</a>{" "}
          of this container.
        </footer>
        <script>{raw(script)}</script>
      </body>
    </html>
  );
  return `<!doctype html>${text(page)}`;
}

const hashOf = (source: string) => `'sha256-${createHash("sha256").update(source).digest("base64")}'`;

/** What the page may load and run: its own style and script, its own events. */
export const policy = [
  "default-src 'none'",
  `style-src ${hashOf(style)}`,
  `script-src ${hashOf(script)}`,
  "connect-src 'self'",
  "img-src data:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

function unseenText({ cluster }: MapView): string | null {
  const unseen = [...pools(cluster).length > 0 ? [] : ["pgpool"], ...barmans(cluster).length > 0 ? [] : ["barman"]];
  return unseen.length === 0
    ? null
    : `From here ${listText(unseen)} cannot be seen: no variable names where ${
      unseen.length === 1 ? "it is" : "they are"
    }. ` +
      "Open this page in that container, or name it in QUORUM_OBSERVERS.";
}

/** All components are functions that return at once, so there is no promise here. */
function text(element: { toString(): string | Promise<string> }): string {
  return element.toString() as string;
}
