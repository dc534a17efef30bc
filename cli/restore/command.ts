// `postdock barman restore`: plans, shows the plan, asks, and restores.
import type { Command, Context, Options } from "../../core/runtime/context.ts";
import { printer } from "../../core/runtime/printer.ts";
import { ExitCode, OperatorError } from "../../core/words/errors.ts";
import { orders } from "../../core/protocol/orders.ts";
import { secondsText } from "../../core/words/amounts.ts";
import { type Asked, planRestore } from "../../roles/barman/act/plan-restore.ts";
import { checkWal } from "../../roles/barman/act/check-wal.ts";
import { checkCombined } from "../../roles/barman/act/combine.ts";
import { knownHosts } from "../../roles/barman/act/known-hosts.ts";
import { quietLog } from "../../roles/barman/own-service.ts";
import { readBackups } from "../../roles/barman/act/archive.ts";
import { type FetchDeps, fetchFromStore } from "../../roles/barman/act/fetch.ts";
import { startCopy } from "../../roles/barman/act/copy-server.ts";
import { checkInto, copyInto, tablespacePath } from "../../roles/barman/act/restore-into.ts";
import { whileKept } from "../../roles/barman/act/uses.ts";
import type { RestorePlan } from "../../roles/barman/decide/restore-plan.ts";
import { parseTarget, targetText } from "../../roles/barman/decide/target.ts";
import { loadBarmanConfig } from "../../roles/barman/role.ts";
import { readVerified } from "../../roles/barman/act/verify.ts";
import { planJson, renderPlan } from "../../roles/barman/text/restore-text.ts";
import { gatherSigned, openSession } from "../cluster/gather.ts";
import { ask } from "../cluster/session.ts";
import { whyNotBySsh } from "./by-ssh.ts";
import { nodeToRestore, renderEffect } from "./effect.ts";
import { goOn } from "./go-on.ts";
import { copyBack, type Way } from "./hints.ts";
import { type Doing, orderFor, restoreNode } from "./in-cluster.ts";

/** How long the operator has to answer, milliseconds. */
const answerMs = 600_000;

/** `barman restore [STEP] [--to MOMENT] [--into DIRECTORY [--start] | --to-node NODE] [--pause] [--dry-run] [--yes] [--json]`. */
export const restoreCommand: Command = async (context, { args: [step], options }) => {
  const config = loadBarmanConfig(context);
  // the primary of now may not be one that the variables name
  const places = { ...config, hosts: await knownHosts({ config, log: quietLog(context) }) };
  const out = printer(context, options);
  if (step !== undefined) {
    if (!steps.includes(step)) throw usage(`restore ${step} is not a step`, `give one of ${steps.join(", ")}, or none`);
    return await goOn(step, { context, options, places, out });
  }
  if (options.start && options.into === undefined) {
    throw usage("--start needs --into", "give the directory for the copy: --into DIRECTORY --start");
  }
  const notBySsh = whyNotBySsh(options, places);
  if (notBySsh !== null) throw notBySsh;
  const asked = askedOf(options);
  await fetchIfGone(asked, options, { config: places, clock: context.clock, say: out.say });
  const planned = await planRestore(asked, places, context.clock.wallMs());
  if ("refused" in planned) {
    throw new OperatorError({
      what: `${targetText(asked.target)} cannot be restored`,
      why: planned.refused.because,
      fix: planned.refused.fix,
      exitCode: ExitCode.refused,
    });
  }
  for (const line of renderPlan(planned.plan, asked.target)) out.say(line);
  const doing = { context, options, places, out };
  return options.into === undefined
    ? await restoreCluster(planned.plan, targetText(asked.target), doing)
    : await restoreInto(options.into.replace(/(?<=.)\/+$/, ""), planned.plan, doing);
};

/** Without a backup in BACKUP_DIR the one that is needed comes back from the object store first. A dry run fetches nothing. */
async function fetchIfGone({ backup, target }: Asked, { dryRun }: Options, deps: FetchDeps): Promise<void> {
  const { config, say } = deps;
  if (config.cloudUrl === "" || (await readBackups(config)).backups.length > 0) return;
  if (dryRun) {
    throw new OperatorError({
      what: "There is no backup in BACKUP_DIR to plan with",
      why: "a dry run fetches nothing from the object store",
      fix: "type postdock barman fetch, then try again",
      exitCode: ExitCode.refused,
    });
  }
  say("There is no backup in BACKUP_DIR: it is fetched from the object store first");
  await fetchFromStore({ id: backup, untilMicros: target.kind === "time" ? target.atMicros : null }, deps);
}

/** What is said instead of a plan, while a restore of the cluster is under way or after it. */
const steps = ["resume", "finish", "abort", "clean"];

async function restoreCluster(plan: RestorePlan, target: string, doing: Doing): Promise<number> {
  const { context, options, out } = doing;
  const session = openSession(context);
  const cluster = await gatherSigned(session, true);
  const node = nodeToRestore(options, cluster);
  const order = await orderFor(plan, target, node.status, doing);
  const known = { verified: await readVerified(doing.places), nowMs: context.clock.wallMs() };
  for (const line of renderEffect(order, plan, node, cluster, known)) out.say(line);
  for (const line of await checkCombined(plan.backup, doing.places)) out.say(line);
  out.say(`checked   ${await checkWal(plan, doing.places, context.clock)}`);
  await ask(session, orders.mayRestore, node.host, order); // refused before anything is asked, paused or stopped
  if (options.dryRun) {
    out.result({ ...planJson(plan), node: node.host, dryRun: true });
    return ExitCode.ok;
  }
  if (!options.yes) await confirm("The whole cluster goes back to that moment. Type yes to go on: ", context);
  return await restoreNode(node.host, { order, backup: plan.backup }, session, doing);
}

async function restoreInto(
  directory: string,
  plan: RestorePlan,
  { context, options, places, out }: Doing,
): Promise<number> {
  await checkInto(directory, plan);
  out.say(`into      ${directory}${options.start ? ", and started there" : ""}`);
  for (const { name, oid } of plan.backup.tablespaces) {
    out.say(`          tablespace ${name} into ${tablespacePath(directory, oid)}`);
  }
  if (options.dryRun) {
    out.result({ ...planJson(plan), into: directory, dryRun: true });
    return ExitCode.ok;
  }
  if (!options.yes) await confirm("The cluster is not touched. Type yes to go on: ", context);
  const since = context.clock.nowMs();
  const into = { places, clock: context.clock, say: out.say };
  const copyMs = await whileKept(plan.backup.id, into, async () => {
    await copyInto(directory, plan, into);
    const tookMs = Math.round(context.clock.nowMs() - since);
    out.say(`The backup is copied after ${secondsText(tookMs)}`);
    if (options.start) await startCopy(directory, plan.stop, into);
    return tookMs;
  });
  const tookMs = Math.round(context.clock.nowMs() - since);
  if (options.start) out.say(`The copy has recovered after ${secondsText(tookMs)}`);
  for (const line of options.start ? useOf(directory, places) : startOf(directory, places)) out.say(line);
  out.result({ ...planJson(plan), into: directory, copyMs, tookMs });
  return ExitCode.ok;
}

const pgCtl = (directory: string) => `gosu postgres pg_ctl -D ${directory}`;

const startOf = (directory: string, way: Way) => [
  `Start it in this container: ${pgCtl(directory)} -l ${directory}/restored.log -w start`,
  ...useOf(directory, way),
];

const useOf = (directory: string, way: Way) => [
  `Look at it: gosu postgres psql -h ${directory} -d ${way.postgresDb}`,
  `Copy a table back, in place of the one that is there: ${copyBack(directory, way)}`,
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
