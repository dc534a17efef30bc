// PURE: which node an answer came from. After a container has gone, its address may belong to another one for a while, and
// whoever still knows the address by the old name asks the wrong node.

export interface Answered {
  /** the name that was asked */
  host: string;
  nodeId: number;
  /** how the node that answered is called by itself */
  ownHost: string;
}

/** The names that were asked and led to a node that also answered by its own name: nothing is known of the nodes meant. */
export function misdirected(answers: readonly Answered[]): Set<string> {
  const wrong = answers.filter((a) =>
    a.ownHost !== a.host &&
    answers.some((b) => b.nodeId === a.nodeId && b.host === b.ownHost && b.ownHost === a.ownHost)
  );
  return new Set(wrong.map((a) => a.host));
}
