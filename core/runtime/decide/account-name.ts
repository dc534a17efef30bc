// PURE: the name of a uid: initdb, ssh and barman need one.

/** The least uid that libnss-extrausers gives a name to. */
export const leastNamedUid = 500;

/** Whether this /etc/passwd names the uid. */
export const isNamed = (uid: number, passwd: string): boolean =>
  passwd.split("\n").some((line) => line.split(":")[2] === String(uid));

/** The line of passwd(5) for an account. */
export const nameEntry = ({ uid, gid, home, name }: { uid: number; gid: number; home: string; name: string }): string =>
  `${name}:x:${uid}:${gid}::${home}:/bin/bash\n`;
