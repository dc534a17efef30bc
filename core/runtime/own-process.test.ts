// The figures of this process, from texts of /proc as the kernel writes them.
import assert from "node:assert/strict";
import { test } from "node:test";
import { processFamilies } from "./own-process.ts";

const texts = {
  stat: "7 (post) dock) S 1 7 7 0 -1 4194560 9 0 0 0 250 50 0 0 20 0 8 0 12345 1000000 25 18446744073709551615\n",
  limits: "Limit                     Soft Limit           Hard Limit           Units\n" +
    "Max open files            1024                 4096                 files\n",
  system: "cpu  1 2 3\nbtime 1700000000\n",
  openFiles: 12,
};
const figures = (read: () => typeof texts) =>
  Object.fromEntries(processFamilies(read).flatMap(({ name, samples }) => samples.map((s) => [name, s.value])));

test("CPU time, memory, files and the start of the process are in seconds and bytes", () => {
  assert.deepEqual(figures(() => texts), {
    process_cpu_seconds_total: 3,
    process_resident_memory_bytes: 102400,
    process_virtual_memory_bytes: 1000000,
    process_open_fds: 12,
    process_max_fds: 1024,
    process_start_time_seconds: 1700000123.45,
  });
});

test("what cannot be read is absent, not zero", () => {
  assert.equal(
    "process_max_fds" in figures(() => ({ ...texts, limits: "Max open files            unlimited\n" })),
    false,
  );
  assert.deepEqual(
    figures(() => {
      throw new Error("no /proc");
    }),
    {},
  );
});
