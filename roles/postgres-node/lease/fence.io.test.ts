// The fence process against real processes. It knows PostgreSQL only by the name of its processes and by their directory.
import assert from "node:assert/strict";
import { copyFile, mkdtemp, readFile, rm, stat, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { oomScore, processesIn, setNice, setOomScore } from "../../../core/runtime/proc.ts";
import { createLog } from "../../../core/runtime/log.ts";
import { supervise, type Supervised } from "../../../core/runtime/supervisor.ts";
import { staysTrueFor } from "../../../tests/support/waits.ts";
import { leaseNowMs, systemClock, waitUntil } from "../../../core/runtime/time.ts";
import { oomEnvironment } from "../tools/postmaster.ts";
import { favour } from "./fence.ts";

const log = createLog({ level: "ERROR", write: () => {}, wallMs: () => 0 });
const deps = { clock: systemClock, log };
const main = new URL("../../../main.ts", import.meta.url).pathname;
const bun = new URL("../../../node_modules/.bin/bun", import.meta.url).pathname;

/** A directory with `count` processes called postgres that run in it, and a fence process for it. */
async function withServer(
  count: number,
  work: (directory: string, fence: Supervised, said: readonly string[]) => Promise<void>,
  shell = 'exec "$@"',
): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), "fence-"));
  await copyFile("/bin/sleep", join(directory, "postgres"));
  const argv = ["sh", "-c", `cd ${directory} && exec ./postgres 60`];
  const policy = { restart: "never", firstPauseMs: 0, maxPauseMs: 0, steadyMs: 0 } as const;
  const servers = Array.from(
    { length: count },
    () => supervise({ name: "server", argv, restart: policy, stop: [] }, deps),
  );
  // the runtime of the executable, even if the test itself runs on Deno
  const command = ["sh", "-c", shell, directory, bun, main, "postgres-node", "fence", directory];
  const said: string[] = [];
  const onLine = (line: string) => void said.push(line);
  const fence = supervise({ name: "fence", argv: command, input: true, restart: policy, stop: [], onLine }, deps);
  try {
    const here = () => Promise.resolve(processesIn("postgres", directory).length === count);
    await waitUntil(here, { what: "the processes", deadlineMs: 5_000, everyMs: 20 }, deps);
    await work(directory, fence, said);
  } finally {
    await Promise.all([...servers, fence].map((child) => child.stop([])));
    await rm(directory, { recursive: true });
  }
}

/** The server is started again, as after a fence. It is called postgres only after `lateSeconds`. */
function nextServer(directory: string, lateSeconds = 0): Supervised {
  return supervise({
    name: "server",
    argv: ["sh", "-c", `sleep ${lateSeconds}; cd ${directory} && exec ./postgres 60`],
    restart: { restart: "never", firstPauseMs: 0, maxPauseMs: 0, steadyMs: 0 },
    stop: [],
  }, deps);
}

async function withNextServer(directory: string, work: () => Promise<unknown>): Promise<void> {
  const again = nextServer(directory);
  try {
    const here = () => Promise.resolve(processesIn("postgres", directory).length === 1);
    await waitUntil(here, { what: "the next server", deadlineMs: 5_000, everyMs: 20 }, deps);
    await work();
  } finally {
    await again.stop([]);
  }
}

const gone = (directory: string) =>
  waitUntil(() => Promise.resolve(processesIn("postgres", directory).length === 0), {
    what: "the processes to be gone",
    deadlineMs: 15_000,
    everyMs: 5,
  }, deps);

test("the fence ends every process of the server at its deadline, not before", async () => {
  await withServer(3, async (directory, fence) => {
    const untilMs = leaseNowMs() + 2_000;
    fence.write(`arm ${untilMs}`);
    await gone(directory);
    assert.ok(leaseNowMs() >= untilMs, "not before the deadline");
  });
});

test("a fence that was stopped alone longer than the lease reads the renewals before it strikes", async () => {
  await withServer(1, async (directory, fence, said) => {
    fence.write(`arm ${leaseNowMs() + 3_500}`);
    await systemClock.sleep(2_500); // it has started, has read that, and waits
    fence.signal("SIGSTOP");
    await systemClock.sleep(1_200); // its deadline passes while it is stopped
    fence.write(`arm ${leaseNowMs() + 60_000}`);
    await systemClock.sleep(100); // the order waits in its input
    fence.signal("SIGCONT");
    await staysTrueFor(300, () => Promise.resolve(processesIn("postgres", directory).length === 1), {
      what: "the server of a holder that has renewed runs on",
    });
    assert.deepEqual(said, []);
    fence.write("disarm");
  });
});

test("a data directory that is given by a link, or with a doubled slash, is fenced like any other", async () => {
  await withServer(2, async (directory) => {
    const link = `${directory}-link`;
    await symlink(directory, link);
    try {
      for (const given of [link, `${link}/`, directory.replace("/fence", "//fence")]) {
        assert.equal(processesIn("postgres", given).length, 2, given);
      }
    } finally {
      await rm(link);
    }
  });
});

test("a stopped process of the server does not outlive the lease", async () => {
  await withServer(1, async (directory, fence) => {
    process.kill(processesIn("postgres", directory)[0]!, "SIGSTOP");
    fence.write(`arm ${leaseNowMs()}`);
    await gone(directory);
  });
});

test("output that is not read does not delay the fence", async () => {
  const full = 'mkfifo "$0/said"; exec 3<>"$0/said"; head -c 65536 /dev/zero >&3; exec "$@" >&3 2>&3';
  await withServer(2, async (directory, fence) => {
    await waitUntil(() => stat(join(directory, "said")).then(() => true, () => false), {
      what: "the full pipe",
      deadlineMs: 5_000,
    }, deps);
    fence.write(`arm ${leaseNowMs() + 500}`);
    await gone(directory);
  }, full);
});

test("a full disk does not delay the fence, and the fence also acts at the end of the next lease", async () => {
  await withServer(2, async (directory, fence) => {
    fence.write(`arm ${leaseNowMs() + 300}`);
    await gone(directory);
    fence.write("disarm");
    await withNextServer(directory, async () => {
      fence.write(`arm ${leaseNowMs() + 300}`);
      await gone(directory);
    });
  }, 'exec "$@" >/dev/full 2>/dev/full');
});

/** Whether the fence has begun: a stopped process keeps SIGQUIT pending, until SIGKILL ends it. */
async function quitIsPending(pid: number): Promise<boolean> {
  const status = await readFile(`/proc/${pid}/status`, "utf8").catch(() => null);
  return status === null || (parseInt(/^ShdPnd:\s*([0-9a-f]+)/m.exec(status)?.[1] ?? "0", 16) & 4) !== 0;
}

test("an order that arrives while the fence is at work counts for the next lease", async () => {
  await withServer(1, async (directory, fence, said) => {
    const server = processesIn("postgres", directory)[0]!;
    process.kill(server, "SIGSTOP"); // it is ended by SIGKILL only, which comes later
    fence.write(`arm ${leaseNowMs()}`);
    const what = "the fence to begin";
    await waitUntil(() => quitIsPending(server), { what, deadlineMs: 10_000, everyMs: 2 }, deps);
    fence.write(`arm ${leaseNowMs() + 1_500}`);
    const over = "the fence to be at rest";
    await waitUntil(() => Promise.resolve(said.length === 1), { what: over, deadlineMs: 10_000, everyMs: 5 }, deps);
    await withNextServer(directory, () => gone(directory));
  });
});

/** Disarms the fence, and waits for its answer. */
async function disarmed(fence: Supervised, said: readonly string[], count: number): Promise<void> {
  fence.write(`disarm ${count}`);
  const what = "the fence to say that it is disarmed";
  const answered = () => Promise.resolve(said.includes(`disarmed ${count}`));
  await waitUntil(answered, { what, deadlineMs: 5_000, everyMs: 1 }, deps);
}

/** Ends by itself, which a fence makes it do. */
async function endsSoon(server: Supervised): Promise<void> {
  try {
    const ended = () => Promise.resolve(!server.running());
    await waitUntil(ended, { what: "the late server to end", deadlineMs: 10_000, everyMs: 20 }, deps);
  } finally {
    await server.stop([]);
  }
}

test("a server that is started after its deadline ends too, until the fence is disarmed, and that is reported once", async () => {
  await withServer(1, async (directory, fence, said) => {
    fence.write(`arm ${leaseNowMs()}`);
    await gone(directory);
    for (const lateSeconds of [0, 0.05, 0.5]) await endsSoon(nextServer(directory, lateSeconds));
    assert.equal(said.length, 1, said.join());
    await disarmed(fence, said, 1);
    const runs = () => Promise.resolve(processesIn("postgres", directory).length === 1);
    const what = "a server that needs no lease runs on";
    await withNextServer(directory, () => staysTrueFor(500, runs, { what }));
  });
});

test("a server that is started once the fence has said that it is disarmed runs on", async () => {
  await withServer(1, async (directory, fence, said) => {
    const what = "a server that needs no lease runs on";
    for (let round = 0; round < 20; round++) {
      fence.write(`arm ${leaseNowMs()}`);
      await gone(directory);
      await disarmed(fence, said, round);
      const runs = () => Promise.resolve(processesIn("postgres", directory).length === 1);
      await withNextServer(directory, () => staysTrueFor(20, runs, { what }));
    }
  });
});

test("a server that the agent was starting when it ended ends too", async () => {
  await withServer(1, async (directory, fence) => {
    fence.write(`arm ${leaseNowMs()}`);
    await gone(directory);
    fence.write(`arm ${leaseNowMs() + 60_000}`);
    const late = nextServer(directory, 0.05);
    fence.endInput();
    await endsSoon(late);
    await waitUntil(() => Promise.resolve(!fence.running()), { what: "the fence to end", deadlineMs: 10_000 }, deps);
  });
});

test("when the agent is gone, the fence ends a primary, and leaves a server that needs no lease", async () => {
  await withServer(1, async (directory, fence) => {
    fence.write(`arm ${leaseNowMs() + 60_000}`);
    fence.write("disarm");
    fence.endInput();
    await waitUntil(() => Promise.resolve(!fence.running()), { what: "the fence to end", deadlineMs: 10_000 }, deps);
    assert.equal(processesIn("postgres", directory).length, 1);
  });
  await withServer(1, async (directory, fence) => {
    fence.write(`arm ${leaseNowMs() + 60_000}`);
    fence.endInput();
    await gone(directory);
  });
});

/** A process that only sleeps. */
async function withSleeper(as: string[], work: (pid: number) => Promise<void> | void): Promise<void> {
  const restart = { restart: "never", firstPauseMs: 0, maxPauseMs: 0, steadyMs: 0 } as const;
  const sleeper = supervise({ name: "sleeper", argv: [...as, "sleep", "60"], restart, stop: [] }, deps);
  try {
    await work(sleeper.pid()!);
  } finally {
    await sleeper.stop([]);
  }
}

test("the fence is favoured as far as that is permitted, and what was refused is said once", async () => {
  await withSleeper([], (pid) => {
    const mayNice = setNice(pid, -1);
    const said: unknown[] = [];
    favour(pid, { info: (event, fields) => void said.push(event, fields) });
    const score = oomScore(pid)!;
    if (score === -1000 && mayNice) return assert.deepEqual(said, []);
    const missing = [...score === -1000 ? [] : ["SYS_RESOURCE"], ...mayNice ? [] : ["SYS_NICE"]];
    assert.equal(said.length, 2);
    assert.deepEqual((said[1] as { missing: string[]; oomScore: number }).missing, missing);
    assert.equal((said[1] as { oomScore: number }).oomScore, score);
  });
  favour(2 ** 22 + 1, { info: () => assert.fail("a process that has just ended was refused nothing") });
});

test("a process may raise its own score without a privilege, as each backend does", async () => {
  const { PG_OOM_ADJUST_FILE: file, PG_OOM_ADJUST_VALUE: value } = oomEnvironment(oomScore("self"));
  await withSleeper(["sh", "-c", `echo ${value} > ${file}; exec "$0" "$@"`], async (pid) => {
    const raised = () => Promise.resolve(oomScore(pid) === Number(value));
    await waitUntil(raised, { what: "the score", deadlineMs: 5_000, everyMs: 20 }, deps);
    assert.equal(setOomScore(pid, Number(value)), true);
  });
  assert.deepEqual(oomEnvironment(null), {}, "without /proc nothing is asked for");
  assert.equal(oomEnvironment(950).PG_OOM_ADJUST_VALUE, "1000");
});
