// What the kernel says about this process, under the names that every exporter uses
// (https://prometheus.io/docs/instrumenting/writing_clientlibs/#process-metrics).
import { type Family, familyOf } from "../words/family.ts";
import { type ProcTexts, readProc } from "./proc.ts";

const clockTicks = 100; // USER_HZ, which is 100 on every architecture that Debian has
const pageBytes = 4096;

/** Figures of this process now; none where /proc cannot be read. */
export function processFamilies(read: () => ProcTexts = readProc): Family[] {
  let texts: ProcTexts;
  try {
    texts = read();
  } catch {
    return []; // what is not known is absent
  }
  const { stat, limits, system, openFiles } = texts;
  // "pid (name) state ppid …": the fields after the name begin with the third
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ").map(Number);
  const field = (number: number) => fields[number - 3] ?? NaN;
  const bootSeconds = Number(/^btime (\d+)$/m.exec(system)?.[1]);
  const family = (name: string, type: Family["type"], help: string, value: number) =>
    familyOf(`process_${name}`, type, help, Number.isFinite(value) ? value : null);
  return [
    family("cpu_seconds_total", "counter", "CPU time of this process, seconds", (field(14) + field(15)) / clockTicks),
    family("resident_memory_bytes", "gauge", "Resident memory of this process, bytes", field(24) * pageBytes),
    family("virtual_memory_bytes", "gauge", "Virtual memory of this process, bytes", field(23)),
    family("open_fds", "gauge", "Open files of this process", openFiles),
    family("max_fds", "gauge", "Files that it may open", Number(/^Max open files\s+(\d+)/m.exec(limits)?.[1])),
    family(
      "start_time_seconds",
      "gauge",
      "Start of this process, seconds since the epoch",
      bootSeconds + field(22) / clockTicks,
    ),
  ];
}
