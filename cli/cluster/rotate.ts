// `postdock cluster rotate`: a password or the control key changes in all containers, without a restart or a lost write.
import { orders } from "../../core/protocol/orders.ts";
import { refusals } from "../../core/protocol/signing.ts";
import type { SecretsQuestion } from "../../core/protocol/secrets.ts";
import type { Command } from "../../core/runtime/context.ts";
import { printer } from "../../core/runtime/printer.ts";
import { ExitCode, OperatorError } from "../../core/words/errors.ts";
import {
  calledOf,
  type Cluster,
  gatherSigned,
  openSession,
  restoreUnderWay,
  type Session,
  thePrimary,
} from "./gather.ts";
import { parseTimeout } from "./goal.ts";
import { Replay } from "./replay.ts";
import { meantBy, nextStep, type Rotation, rotations, type Step, stepText, type Told } from "./rotation.ts";
import { ask } from "./session.ts";

/** How often the containers are asked, milliseconds. */
const everyMs = 1_000;

/** `cluster rotate SECRET [HOSTS...] [--timeout DURATION] [--json]`: ends when all containers have the new value, and only that. */
export const rotateCommand: Command = async (context, { args, options }) => {
  const rotation = rotationOf(args[0] ?? "");
  const opened = openSession(context);
  const session = { ...opened, named: [...opened.named, ...args.slice(1)] };
  const out = printer(context, options);
  const end = context.clock.nowMs() + parseTimeout(options.timeout ?? "2m");
  let said = "";
  const say = (text: string) => text === said ? undefined : out.say(said = text);
  let cluster = await gatherSigned(session);
  while (othersKeys(cluster).length > 0) {
    const step = otherKey(othersKeys(cluster));
    say(stepText(step, ""));
    if (context.clock.nowMs() >= end) throw late(step);
    await context.clock.sleep(everyMs);
    cluster = await gatherSigned(session);
  }
  requireAll(cluster, args.slice(1));
  const primary = thePrimary(cluster).host;
  const places = new Map(cluster.members.map((m) => [calledOf(m), m.host]));
  const names = [...places.keys()].join(", ");
  say(`containers that take part: ${names}`);
  for (const absent of absentOf(cluster)) {
    out.say(`no ${absent} container takes part; if there is one, name it: postdock cluster rotate ${rotation} HOST`);
  }
  let asked: SecretsQuestion | null = null;
  let changed = false;
  const replay = new Replay(session, primary, cluster.nodes.map((n) => n.host));
  while (true) {
    const { told, strangers } = await tellAll(session, places, asked ?? everything);
    if (asked === null && strangers.length === 0) {
      const meant = meantBy(rotation, told, primary);
      if ("what" in meant) throw refusal(meant);
      asked = meant as SecretsQuestion;
      continue;
    }
    let step: Step = strangers.length > 0 ? otherKey(strangers) : nextStep(rotation, told, primary);
    if (rotation !== "key" && (step.do === "use" || step.do === "drop")) step = await replay.waitsFor(step.do) ?? step;
    if (step.do === "done") break;
    if (step.do === "refuse") throw refusal(step);
    say(stepText(step, primary));
    if (step.do === "use") await ask(session, orders.secrets, primary, { ...asked, do: "use" });
    if (step.do === "drop") {
      for (const name of step.hosts) await ask(session, orders.secrets, places.get(name)!, { ...asked, do: "drop" });
    }
    changed ||= step.do === "use" || step.do === "drop";
    if (context.clock.nowMs() >= end) throw late(step);
    if (step.do === "wait") await context.clock.sleep(everyMs);
  }
  out.say(changed ? `done: ${names} have the new value, and only that` : unchanged(rotation, names));
  out.result({ rotated: rotation, changed, members: [...places.keys()] });
  return ExitCode.ok;
};

const everything: SecretsQuestion = { do: "tell", role: null, variable: null };

function rotationOf(text: string): Rotation {
  const found = rotations.find((r) => r === text);
  if (found) return found;
  throw new OperatorError({
    what: `${JSON.stringify(text)} is not a secret that can be rotated`,
    fix: `type one of: ${rotations.join(", ")}`,
    exitCode: ExitCode.usage,
  });
}

/** The nodes that do not accept the key of this container, as before their files, or this one's, have changed. */
export const othersKeys = ({ members }: Cluster): string[] =>
  members.flatMap((m) => "error" in m && m.error.includes(refusals.signature) ? [m.host] : []);

/** Throws an OperatorError unless every container answers, as itself. `named`: those that stand after the command. */
export function requireAll(cluster: Cluster, named: readonly string[]): void {
  const restore = restoreUnderWay(cluster);
  if (restore) throw restore;
  const silent = cluster.members.flatMap((m) => "error" in m ? [`${m.host}: ${m.error}`] : []);
  const elsewhere = named.filter((host) => !cluster.members.some((m) => m.host === host));
  silent.push(...elsewhere.map((host) => `${host}: a node answers there that has another name`));
  if (silent.length === 0) return;
  throw new OperatorError({
    what: "Not every container of the cluster answers, and one that is away would keep the old value",
    why: silent.join("; "),
    fix: "start it, or take it out of the variables if it is gone for good; then type it again",
    exitCode: ExitCode.refused,
  });
}

/** What all containers say. `strangers`: those that do not accept the key of this one, as before their files have changed. */
async function tellAll(
  session: Session,
  places: ReadonlyMap<string, string>,
  asked: SecretsQuestion,
): Promise<{ told: Told[]; strangers: string[] }> {
  const strangers: string[] = [];
  const answers = await Promise.all([...places].map(async ([name, host]) => {
    const { secrets } = await ask(session, orders.secrets, host, asked).catch((error: unknown) => {
      if (!(error instanceof OperatorError && error.why?.startsWith(refusals.signature))) throw error;
      strangers.push(name);
      return { secrets: [] };
    });
    return secrets.map((secret) => ({ ...secret, host: name }));
  }));
  return { told: answers.flat(), strangers };
}

const otherKey = (strangers: readonly string[]): Step => ({
  do: "wait",
  what: `${strangers.join(", ")} have another key than this container: their files, or this one's, are not changed yet`,
  fix: "put the new value into the file of every container, then type it again",
});

const refusal = ({ what, fix }: Extract<Step, { do: "refuse" | "wait" }>) =>
  new OperatorError({ what, fix, exitCode: ExitCode.refused });

function late(step: Step): OperatorError {
  return new OperatorError({
    what: "what" in step ? `Not complete yet: ${step.what}` : "Not complete yet",
    fix: "fix" in step ? step.fix : "type it again: it goes on where it was",
    exitCode: ExitCode.unavailable,
  });
}

/** Kinds of containers of which none is known from here: nodes do not name them, unless they vote. */
export const absentOf = ({ members }: Cluster): string[] =>
  ["pgpool", "barman"].filter((kind) => !members.some((m) => "status" in m && m.status.component === kind));

const unchanged = (rotation: Rotation, names: string) =>
  `nothing to do: ${names} have the same value; to change it, put another one into the file of every container, and type ` +
  `postdock cluster rotate ${rotation} again`;
