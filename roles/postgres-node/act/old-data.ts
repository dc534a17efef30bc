// The data from before a restore, which are kept beside the restored ones: how large they are, and their end.
import { Pace } from "../../../core/runtime/time.ts";
import { errorText } from "../../../core/words/errors.ts";
import { decideKept } from "../decide/kept.ts";
import { type Node, ownOf } from "../node.ts";

const lookEveryMs = 10_000;

export class OldData {
  private readonly pace: Pace;
  private removing = false;

  constructor(private readonly node: Node) {
    this.pace = new Pace(node.clock, lookEveryMs, "now");
  }

  /** Looks at what is kept, at times, and begins its removal when that is due. */
  async keep(): Promise<void> {
    const { clock, config, doors, memory, restoring } = this.node;
    if (this.removing || memory.now.restore !== null || !this.pace.due()) return;
    const kept = await doors.data.kept();
    if (kept === null) {
      restoring.keeps(null);
      await memory.update((m) => ({ ...m, replaced: null }));
      return;
    }
    const { timeline } = ownOf(this.node);
    if (memory.now.replaced === null && timeline === null) return;
    // where it is not remembered since when they are kept, that begins now
    const fresh = { timeline: timeline ?? 0, atMs: clock.wallMs(), backup: null };
    await memory.update((m) => ({ ...m, replaced: m.replaced ?? fresh }));
    const { atMs, backup } = memory.now.replaced ?? fresh;
    const plan = decideKept({
      atMs,
      backup,
      nowMs: clock.wallMs(),
      keepMs: config.restoreKeepDays * 86_400_000,
      freeShare: kept.freeShare,
    });
    restoring.keeps({ bytes: kept.bytes, untilMs: plan.do === "keep" ? plan.untilMs : clock.wallMs() });
    if (plan.do === "remove") void this.remove(plan.because, kept);
  }

  /** In the background: a large tree takes its time, and the server is looked after meanwhile. */
  private async remove(because: string, { bytes, names }: { bytes: number; names: readonly string[] }): Promise<void> {
    const { doors, history, log, memory, restoring } = this.node;
    this.removing = true;
    try {
      await doors.data.forgetReplaced(because);
      await memory.update((m) => ({ ...m, replaced: null }));
      restoring.keeps(null);
      history.note("Old data removed", { because, restores: names.join(", "), bytes });
    } catch (error) {
      log.warn("The data from before a restore could not be removed; tried again", { why: errorText(error) });
    } finally {
      this.removing = false;
    }
  }
}
