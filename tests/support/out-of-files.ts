// A process that has no descriptor left for a while, as an agent has whose limit of open files is low: what goes on meanwhile, and
// what comes back. It prints one line of JSON.
import { closeSync, openSync } from "node:fs";
import { errorText } from "../../core/words/errors.ts";
import { createLog } from "../../core/runtime/log.ts";
import { processesIn } from "../../core/runtime/proc.ts";
import { supervise } from "../../core/runtime/supervisor.ts";
import { leaseNowMs, systemClock as clock, waitUntil } from "../../core/runtime/time.ts";

const events: string[] = [];
const log = createLog({ level: "DEBUG", write: (line) => events.push(JSON.parse(line).event), wallMs: () => 0 });
const before = leaseNowMs();

const taken: number[] = [];
const full = () => {
  try {
    while (taken.length < 10_000) taken.push(openSync("/dev/null", "r"));
    return "the limit is too high";
  } catch (error) {
    return errorText(error);
  }
};
const said = (work: () => unknown) => {
  try {
    return String(work());
  } catch (error) {
    return errorText(error);
  }
};

const limit = full();
const policy = { restart: "always", firstPauseMs: 20, maxPauseMs: 20, steadyMs: 1_000 } as const;
const child = supervise({ name: "child", argv: ["true"], restart: policy, stop: [] }, { clock, log });
const waited = (event: string) => () => Promise.resolve(events.includes(event));
await waitUntil(waited("Process could not be started"), { what: "a failed start", deadlineMs: 10_000 }, { clock });
const passed = () => Promise.resolve(leaseNowMs() - before > 100);
await waitUntil(passed, { what: "the clock", deadlineMs: 10_000 }, { clock });
const look = said(() => processesIn("postgres", "/nowhere"));
for (const file of taken) closeSync(file);
await waitUntil(waited("Process ended, restarting"), { what: "the child", deadlineMs: 10_000 }, { clock });
await child.stop();
console.log(JSON.stringify({ limit, look, after: processesIn("postgres", "/nowhere") }));
