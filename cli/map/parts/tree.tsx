/** @jsxImportSource hono/jsx */
// PURE: the topology as nested lists; the style sheet draws them as a tree.
import type { Edge, Place } from "../topology.ts";
import { Panel } from "./shared.tsx";

export const Tree = ({ places, note }: { places: readonly Place[]; note: string | null }) => (
  <Panel id="map" title="Where data flows" wide>
    <div class="trees">
      {places.map((place) => (
        <ul class="tree">
          <Branch place={place} />
        </ul>
      ))}
    </div>
    {note === null ? "" : <p class="soft note">{note}</p>}
  </Panel>
);

const Branch = ({ place }: { place: Place }) => (
  <li>
    {place.edge === null ? "" : <Line edge={place.edge} />}
    <Card place={place} />
    {place.below.length === 0 ? "" : <ul>{place.below.map((below) => <Branch place={below} />)}</ul>}
  </li>
);

const Line = ({ edge: { state, what, more } }: { edge: Edge }) => (
  <div class={`edge ${state}`}>
    <span>{what}</span>
    <span class="soft">{more ?? ""}</span>
  </div>
);

const Card = ({ place: { host, role, tone, doing, marks } }: { place: Place }) => (
  <div class={`place ${tone}`}>
    <span class="host">{host}</span>
    <span class="role">{role}</span>
    {marks.length === 0 ? "" : <span class="soft marks">{marks.join(" · ")}</span>}
    {doing === null ? "" : <span class="doing">{doing}</span>}
  </div>
);
