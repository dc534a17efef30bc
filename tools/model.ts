// `deno task model`: checks the model of the lease (tests/model) exhaustively with spin, and checks that spin finds planted
// faults. Installs Debian's packages spin and gcc if needed. Everything generated stays in a temporary directory.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { aptInstall, commandExists, requireDebianRoot } from "./debian.ts";
import { optionsOf } from "./options.ts";
import { attempt, execute, root, say, task } from "./terminal.ts";

interface Run {
  voters: number;
  candidates: number;
  /** LEASE_TTL and the time a fence takes, in ticks */
  ttl: number;
  fence: number;
  /** how far above the newest epoch a candidate may ask for one; without it, there are no epochs */
  ahead?: number;
  /** the fault that spin must find; without one it must find nothing */
  plant?: string;
}

const small = { voters: 3, candidates: 2, ttl: 3, fence: 1 };
const smallEpochs = { ...small, ttl: 2, ahead: 2 };

/** The largest first, since two run at a time. */
const runs: readonly Run[] = [
  { voters: 5, candidates: 2, ttl: 3, fence: 1 },
  { voters: 3, candidates: 2, ttl: 2, fence: 0, ahead: 2 },
  { voters: 4, candidates: 2, ttl: 2, fence: 1, ahead: 1 },
  { voters: 3, candidates: 3, ttl: 3, fence: 1 },
  { voters: 3, candidates: 2, ttl: 2, fence: 1, ahead: 3 },
  { voters: 4, candidates: 2, ttl: 3, fence: 1 },
  { voters: 3, candidates: 2, ttl: 5, fence: 2 },
  ...["NO_SILENCE", "RENEW_AFTER_END", "ANY_RELEASE", "COUNT_FROM_ANSWER", "ASK_WHILE_DYING"].map((plant) => ({
    ...small,
    plant: `PLANT_${plant}`,
  })),
  ...["EPOCHS_IN_MEMORY", "SAME_EPOCH", "LEAD_AFTER_END"].map((plant) => ({
    ...smallEpochs,
    plant: `PLANT_${plant}`,
  })),
];

/** Limits of one run: steps of the longest path, megabytes of memory, milliseconds. */
const deepest = 5_000_000;
const mostMegabytes = 3_000;
const runMs = 240_000;

async function ensureSpin(): Promise<void> {
  const missing: string[] = [];
  if (!(await commandExists("spin"))) missing.push("spin");
  if (!(await commandExists("gcc"))) missing.push("gcc", "libc6-dev");
  if (missing.length === 0) return;
  await requireDebianRoot(`${missing[0]} is not installed`, "install spin and gcc, and run this task again");
  say(`Installing Debian's packages ${missing.join(", ")}`);
  await aptInstall(missing);
}

/** Searches through all states once. Returns whether the search ended as expected. */
async function check(run: Run): Promise<boolean> {
  const sizes = {
    VOTERS: run.voters,
    CANDIDATES: run.candidates,
    TTL: run.ttl,
    FENCE: run.fence,
    AHEAD: run.ahead ?? 0,
  };
  const defines = [...Object.entries(sizes).map(([k, v]) => `-D${k}=${v}`), ...(run.plant ? [`-D${run.plant}`] : [])];
  const cwd = await mkdtemp(join(tmpdir(), "postdock-model-"));
  try {
    await execute(["spin", "-a", ...defines, join(root, "tests/model/lease.pml")], { timeoutMs: 60_000, cwd });
    const flags = ["-O2", "-w", "-DSAFETY", "-DCOLLAPSE", `-DMEMLIM=${mostMegabytes}`];
    await execute(["gcc", ...flags, "-o", "pan", "pan.c"], { timeoutMs: 120_000, cwd });
    const { stdout, stderr } = await attempt(["./pan", `-m${deepest}`], { timeoutMs: runMs, cwd });
    return judge(run, stdout + stderr);
  } finally {
    await rm(cwd, { recursive: true, force: true });
  }
}

function judge(run: Run, said: string): boolean {
  const number = (pattern: RegExp) => Number(pattern.exec(said)?.[1] ?? NaN);
  const whole = /errors: 0\b/.test(said) && !/not completed|depth too small|out of memory/i.test(said);
  const found = /assertion violated/.test(said);
  const good = run.plant ? found : whole && !found;
  const epochs = run.ahead ? `, epochs up to ${run.ahead} ahead` : "";
  const name = `${run.voters} voters, ${run.candidates} candidates, LEASE_TTL ${run.ttl}, fence ${run.fence}${epochs}`;
  const states = `${number(/(\d+) states, stored/)} states, ${
    Math.round(number(/([\d.]+)\s+total actual memory/))
  } MB, ${number(/elapsed time ([\d.]+)/)} s`;
  const ended = found ? "a promise is broken" : whole ? "every promise kept in every state" : "the search did not end";
  say(`${good ? "ok    " : "FAILED"} ${name}${run.plant ? `, ${run.plant}` : ""}: ${ended}; ${states}`);
  if (!good) say(said.trim().split("\n").slice(0, 40).join("\n"));
  return good;
}

await task(async () => {
  optionsOf({});
  await ensureSpin();
  const queue = [...runs];
  let failed = 0;
  const work = async () => {
    for (let run = queue.shift(); run; run = queue.shift()) if (!(await check(run))) failed++;
  };
  await Promise.all([work(), work()]);
  say(`${runs.length - failed} passed, ${failed} failed`);
  return failed > 0 ? 1 : 0;
});
