// Sends signals to processes and says whether they arrived: a refused signal has not been sent.
/** "gone": no such process or group is left; "refused": this process may not signal it (kill(2), EPERM). */
export type Signalled = "sent" | "gone" | "refused";

/** Sends a signal to a process, or to a group if `pid` is negative. Throws on anything but a missing or a forbidden process. */
export function sendSignal(pid: number, signal: NodeJS.Signals): Signalled {
  try {
    process.kill(pid, signal);
    return "sent";
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ESRCH") return "gone";
    if (code === "EPERM") return "refused";
    throw error;
  }
}
