// PURE: what a soak says of its acts.
import { type Act, type ActKind, type FormKind, promises } from "./plan.ts";

export interface Done {
  at: string;
  act: Act;
  primary: string;
  primaryAfter: string | null;
  /** how long the act itself took, and how long it then took until everything held again; milliseconds */
  tookMs: number;
  recoveryMs: number;
  /** longest time without a write */
  gapMs: number;
  /** acknowledged writes that are missing */
  lost: number[];
  finding: string | null;
}

const secondsOf = (ms: number) => `${(ms / 1000).toFixed(1)} s`;

/** One act in a line. */
export function lineOf(done: Done): string {
  const { act, primary } = done;
  const names = act.targets.map((t) => t === primary ? `${t} (primary)` : t).join(" and ");
  const targets = act.targets.length > 2 ? "all nodes" : names;
  const words = [act.kind, targets, act.value === undefined ? "" : `to ${act.value}`].filter((w) => w !== "").join(" ");
  return `${done.at.slice(11, 19)} ${words}: took ${secondsOf(done.tookMs)}, whole after ${
    secondsOf(done.recoveryMs)
  }, ` +
    `no write for ${secondsOf(done.gapMs)}, lost ${done.lost.length}${done.finding ? `; FINDING ${done.finding}` : ""}`;
}

/** The whole run: each kind of act with its times and with what held after it, then all of them. */
export function summary(dones: readonly Done[], of: { seed: number; form: FormKind; load: number }): string[] {
  const kinds = [...new Set(dones.map((d) => d.act.kind))].toSorted();
  const times = dones.map((d) => d.recoveryMs).toSorted((a, b) => a - b);
  const at = (share: number) => secondsOf(times[Math.floor((times.length - 1) * share)] ?? 0);
  const lost = dones.flatMap((d) => d.lost).length;
  const findings = dones.filter((d) => d.finding !== null).length;
  return [
    ...kinds.map((kind) => kindLine(kind, dones.filter((d) => d.act.kind === kind))),
    `seed ${of.seed}, form ${of.form}: ${dones.length} acts, whole after ${at(0.5)} (median), ${
      at(0.9)
    } (nine of ten), ` +
    `${at(1)} (longest); ${lost} acknowledged writes lost, ${findings} findings; load ${of.load.toFixed(1)}`,
  ];
}

function kindLine(kind: ActKind, dones: readonly Done[]): string {
  const longest = (ms: (d: Done) => number) => secondsOf(Math.max(...dones.map(ms)));
  const sound = dones.filter((d) => d.finding === null).length;
  const promise = promises[kind];
  return `${kind}: ${sound} of ${dones.length} held, took up to ${longest((d) => d.tookMs)}, whole after up to ` +
    `${longest((d) => d.recoveryMs)}${promise ? `; ${promise}` : ""}`;
}
