// PURE: which node an answer came from. After a container has gone, its address may belong to another one for a while, and
// whoever still knows the address by the old name asks the wrong node.

export interface Answered {
  /** the name that was asked */
  host: string;
  nodeId: number;
  /** how the node that answered is called by itself */
  ownHost: string;
}

/**
 * The names that led to another node: one that was asked by its own name as well, whether or not it answered there. Nothing is
 * known of the nodes meant. Two containers that claim one name under two node ids are not taken for one.
 */
export function misdirected(answers: readonly Answered[], asked: readonly string[]): Set<string> {
  const isWrong = ({ host, nodeId, ownHost }: Answered) => {
    if (ownHost === host) return false;
    const there = answers.find((a) => a.host === ownHost);
    return there?.ownHost === ownHost ? there.nodeId === nodeId : asked.includes(ownHost);
  };
  return new Set(answers.filter(isWrong).map((a) => a.host));
}
