// PURE: a mounted directory that belongs to another user than the one that needs it, where nobody may change that: what to type.

/** What is wrong, and the ways out. `uid`: who needs it; `orElse`: one more way. */
export function foreignOwner(
  { path, owner, uid, orElse }: { path: string; owner: number; uid: number; orElse?: string },
): { what: string; fix: string } {
  return {
    what: `${path} belongs to uid ${owner}. It has to belong to uid ${uid}, and this container may not change that`,
    fix:
      `type \`chown -R ${uid}:0 DIRECTORY\` on the host or the file server, for the directory that is mounted; or run the ` +
      `container as the owner of the data (user: "${owner}:0")${orElse ? `; or ${orElse}` : ""}`,
  };
}
