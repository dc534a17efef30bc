// `postdock barman restore`: plans, shows the plan, asks, and restores.
import type { Command, Context, Options } from "../../core/runtime/context.ts";
import { type Printer, printer } from "../../core/runtime/printer.ts";
import { ExitCode, OperatorError } from "../../core/words/errors.ts";
import { secondsText } from "../../core/words/amounts.ts";
import { type Asked, planRestore } from "../../roles/barman/act/plan-restore.ts";
import { checkInto, copyInto, startCopy } from "../../roles/barman/act/restore-into.ts";
import type { RestorePlan } from "../../roles/barman/decide/restore-plan.ts";
import { parseTarget, targetText } from "../../roles/barman/decide/target.ts";
import { loadBarmanConfig } from "../../roles/barman/role.ts";
import type { Places } from "../../roles/barman/text/places.ts";
import { planJson, renderPlan } from "../../roles/barman/text/restore-text.ts";

/** How long the operator has to answer, milliseconds. */
const answerMs = 600_000;

/** `barman restore [--to MOMENT] [--into DIRECTORY [--start]] [--dry-run] [--yes] [--json]`. */
export const restoreCommand: Command = async (context, { options }) => {
  const places = loadBarmanConfig(context);
  const asked = askedOf(options);
  const planned = await planRestore(asked, places, context.clock.wallMs());
  if ("refused" in planned) {
    throw new OperatorError({
      what: `${targetText(asked.target)} cannot be restored`,
      why: planned.refused.because,
      fix: planned.refused.fix,
      exitCode: ExitCode.refused,
    });
  }
  const out = printer(context, options);
  for (const line of renderPlan(planned.plan, asked.target)) out.say(line);
  return await restoreInto(planned.plan, { context, options, places, out });
};

interface Doing {
  context: Context;
  options: Options;
  places: Places;
  out: Printer;
}

async function restoreInto(plan: RestorePlan, { context, options, places, out }: Doing): Promise<number> {
  const directory = options.into?.replace(/(?<=.)\/+$/, "");
  if (directory === undefined) {
    throw usage("--into is missing", "give a directory of this container: --into /var/backups/restored");
  }
  await checkInto(directory, plan);
  out.say(`into      ${directory}${options.start ? ", and started there" : ""}`);
  if (options.dryRun) {
    out.result({ ...planJson(plan), into: directory, dryRun: true });
    return ExitCode.ok;
  }
  if (!options.yes) await confirm("The cluster is not touched. Type yes to go on: ", context);
  const since = context.clock.nowMs();
  const into = { places, clock: context.clock, say: out.say };
  await copyInto(directory, plan, into);
  const copyMs = Math.round(context.clock.nowMs() - since);
  out.say(`The backup is copied after ${secondsText(copyMs)}`);
  if (options.start) await startCopy(directory, into);
  const tookMs = Math.round(context.clock.nowMs() - since);
  if (options.start) out.say(`The copy has recovered after ${secondsText(tookMs)}`);
  for (const line of options.start ? useOf(directory) : startOf(directory)) out.say(line);
  out.result({ ...planJson(plan), into: directory, copyMs, tookMs });
  return ExitCode.ok;
}

const pgCtl = (directory: string) => `gosu postgres /usr/lib/postgresql/17/bin/pg_ctl -D ${directory}`;

const startOf = (directory: string) => [
  `Start it in this container: ${pgCtl(directory)} -l ${directory}/restored.log -w start`,
  ...useOf(directory),
];

const useOf = (directory: string) => [
  `Look at it: gosu postgres psql -h ${directory} -d DATABASE`,
  `Copy a table back: gosu postgres pg_dump -h ${directory} -t TABLE DATABASE, into psql at the primary`,
  `End it: ${pgCtl(directory)} -m fast stop; then remove ${directory}`,
];

function askedOf(options: Options): Asked {
  const { backup = null, timeline } = options;
  if (timeline !== undefined && !/^[1-9]\d{0,9}$/.test(timeline)) {
    throw usage(`--timeline ${timeline} is not a timeline`, "give its number, as `postdock barman list` shows it");
  }
  return {
    target: parseTarget(options.to ?? "latest"),
    backup,
    timeline: timeline === undefined ? null : Number(timeline),
  };
}

async function confirm(question: string, context: Context): Promise<void> {
  context.complain(question);
  const answer = await new Promise<string>((resolve) => {
    context.onInput(resolve, () => resolve(""));
    context.clock.sleep(answerMs).then(() => resolve(""));
  });
  if (answer.trim().toLowerCase() === "yes") return;
  throw new OperatorError({
    what: "Nothing was changed",
    why: answer.trim() === "" ? "there was no answer" : `the answer was ${JSON.stringify(answer.trim())}`,
    fix: "type yes when you are asked, or give --yes",
    exitCode: ExitCode.refused,
  });
}

function usage(what: string, fix: string): OperatorError {
  return new OperatorError({ what, fix, exitCode: ExitCode.usage });
}
