// PURE: whether `barman restore --ssh` can be asked for here.
import type { Options } from "../../core/runtime/context.ts";
import { ExitCode, OperatorError } from "../../core/words/errors.ts";

/** Why nothing can be copied by SSH as asked: it has to go to a node, from an sshd here. Null: it can, or is not asked for. */
export function whyNotBySsh(
  { ssh, into }: Pick<Options, "ssh" | "into">,
  { sshEnable }: { sshEnable: boolean },
): OperatorError | null {
  if (!ssh) return null;
  if (into !== undefined) {
    return new OperatorError({
      what: "--ssh copies to a node, and --into copies inside this container",
      fix: "give one of them",
      exitCode: ExitCode.usage,
    });
  }
  if (sshEnable) return null;
  return new OperatorError({
    what: "The backup cannot be copied by SSH",
    why: "SSH_ENABLE is 0 in this container",
    fix: "set SSH_ENABLE=1 here and on the node, with the same keys, or restore without --ssh",
    exitCode: ExitCode.refused,
  });
}
