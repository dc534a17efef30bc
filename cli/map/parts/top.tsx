/** @jsxImportSource hono/jsx */
// PURE: the top of the page: where it is seen from, the headline, the steps of a change of the primary, what to do.
import type { Finding } from "../../cluster/finding.ts";
import type { Headline } from "../headline.ts";
import type { Story } from "../step.ts";
import type { MapView } from "../view.ts";
import { momentText, sentence } from "../words.ts";
import { Panel, Sign, WithCommands } from "./shared.tsx";

export const Seen = ({ view: { own, wallMs } }: { view: MapView }) => (
  <>
    Seen from {own.component === "postgres-node" ? own.node.host : `a ${own.component} container`},{" "}
    <time datetime={new Date(wallMs).toISOString()}>{momentText(wallMs)}</time>
  </>
);

const hostsOf = ({ cluster }: MapView) => cluster.members.map((m) => m.host);

/** The headline as one sentence without times, which a screen reader speaks when it changes. */
export const spoken = (view: MapView, { word, says }: Headline): string =>
  `${word}: ${sentence(says.join("; "), hostsOf(view))}.`;

export const Now = ({ view, now }: { view: MapView; now: Headline }) => {
  const [first = "", ...rest] = now.says;
  return (
    <div class={`now ${now.level}`}>
      <Sign level={now.level} />
      <div>
        <p class="level">{now.word}</p>
        <h1>
          {sentence(first, hostsOf(view))}
          {rest.map((part) => <span>; {part}</span>)}
          {now.since === null ? "" : <span class="since">for {now.since}</span>}
        </h1>
      </div>
    </div>
  );
};

const states = { done: "done", now: "under way", next: "to come", stuck: "does not go on" } as const;

export const Steps = ({ story }: { story: Story }) => (
  <Panel id="story" title={story.title} wide>
    <ol class="steps">
      {story.steps.map(({ state, what, more }) => (
        <li class={state}>
          <span class="what">
            {what} <span class="mark">{states[state]}</span>
          </span>
          {more === null ? "" : <span class="soft">{more}</span>}
        </li>
      ))}
    </ol>
  </Panel>
);

/**
 * What doctor finds; a cluster in which nothing is wrong shows nothing here. `nothing`: why nothing has to be done about it; then
 * it is folded.
 */
export const Todo = ({ findings, nothing }: { findings: readonly Finding[]; nothing: string | null }) => (
  <Panel id="todo" title="What to do" wide>
    {nothing === null ? <Findings findings={findings} /> : (
      <>
        <p>{nothing}</p>
        <details>
          <summary>What doctor finds meanwhile ({findings.length})</summary>
          <Findings findings={findings} />
        </details>
      </>
    )}
  </Panel>
);

const Findings = ({ findings }: { findings: readonly Finding[] }) => (
  <ul class="todo">
    {findings.map(({ level, about, what, fix }) => (
      <li class={level}>
        <p>
          <span class={`tag ${level}`}>{level}</span> <strong>{about}</strong> {what}
        </p>
        <p class="fix">
          <WithCommands text={sentence(fix, [])} />
        </p>
      </li>
    ))}
  </ul>
);
