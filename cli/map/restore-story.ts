// PURE: a restore from a backup, step by step.
import type { RestoreProgress } from "../../core/protocol/restore.ts";
import { sizeText } from "../../core/words/amounts.ts";
import type { Step, Story } from "./step.ts";

type Stage = RestoreProgress["step"];

/** The steps in their order; a restore that holds, or is undone, shows that step too. */
const stages: readonly { stage: Stage; what: string }[] = [
  { stage: "waiting", what: "Wait for the backup and for the servers to end" },
  { stage: "copying", what: "Copy the backup" },
  { stage: "recovering", what: "Replay WAL up to that moment" },
  { stage: "holding", what: "Hold, read-only: look at the data, then finish or abort in the barman container" },
  { stage: "promoting", what: "Lead with it; the other nodes follow" },
  { stage: "undoing", what: "Put the old data back" },
];
const rare: readonly Stage[] = ["holding", "undoing"];

/** The restore of this node. */
export function restoreStory(host: string, restore: RestoreProgress): Story {
  const shown = stages.filter(({ stage }) => stage === restore.step || !rare.includes(stage));
  const at = shown.findIndex(({ stage }) => stage === restore.step);
  const state = (i: number): Step["state"] =>
    i < at ? "done" : i > at ? "next" : restore.trouble === null ? "now" : "stuck";
  return {
    title: `${host} is restored to ${restore.target}, from backup ${restore.backup}`,
    steps: shown.map(({ stage, what }, i) => ({
      state: state(i),
      what,
      more: i !== at ? null : restore.trouble ?? progress(stage, restore),
    })),
  };
}

function progress(stage: Stage, { doneBytes, totalBytes, replayLsn }: RestoreProgress): string | null {
  if (stage === "copying") return `${sizeText(doneBytes)}${totalBytes === null ? "" : ` of ${sizeText(totalBytes)}`}`;
  return stage === "recovering" && replayLsn !== null ? `at ${replayLsn}` : null;
}
