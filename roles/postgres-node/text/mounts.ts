// PURE: the mount points below a directory, from /proc/self/mountinfo (proc(5)): the fifth field, in which \040 is a space.

/** The mount points below `directory`, which is absolute; in the order of the file, each once. */
export function mountsBelow(mountinfo: string, directory: string): string[] {
  const points = mountinfo.split("\n").map((line) => line.split(" ")[4] ?? "");
  const plain = points.map((p) => p.replace(/\\(\d{3})/g, (_, octal) => String.fromCharCode(parseInt(octal, 8))));
  return [...new Set(plain.filter((p) => p.startsWith(`${directory.replace(/\/+$/, "")}/`)))];
}
