// The rules that keep data, each of which a planted fault switches off.

export interface DataRules {
  /** every leadership reserves an epoch; otherwise a promotion takes the next number, and a former primary goes on in its own */
  epochs: boolean;
  /** voters keep on disk what they have granted */
  durable: boolean;
  /** a segment that is received again and hides WAL is removed before a start, and never promoted */
  uncovers: boolean;
  /** a promotion without an epoch counts as its parent */
  counted: boolean;
  /** a timeline without a history file has not begun */
  born: boolean;
  /** a session ends with its server: what an earlier leadership wrote is acknowledged to nobody */
  ownEpoch: boolean;
  /** place-holders make PostgreSQL take the number that was reserved */
  placeHolders: boolean;
  /** place-holders are removed before a start */
  cleared: boolean;
  /** the fence ends the server when the lease ends */
  fenced: boolean;
  /** backends that outlived their postmaster are ended before anything else */
  orphansEnded: boolean;
  /** what is seen before the lease is held is not final */
  finalLook: boolean;
  /** in strict mode the nodes in sight prove that the most advanced of them has everything */
  proof: boolean;
  /** a node whose WAL end could not be read proves nothing */
  certain: boolean;
  /** an order to take over counts only in the epoch in which it was given */
  boundOrders: boolean;
  /** the synchronous set is in force before the first commit of a leadership */
  syncFirst: boolean;
  /** the last command of recovery looks whether PostgreSQL has taken the number that was reserved */
  gateLooks: boolean;
  /** a volume that knows of no majority, in a cluster that had one, leads nobody and is cloned */
  marker: boolean;
  /** the proof meets every configuration under which an epoch was granted, or that a node in sight has */
  configurations: boolean;
  /** a node that votes alone leaves out the numbers that others may have */
  leavesOut: boolean;
  /** a forced failover ends under an epoch that the majority has granted */
  forceEndsAbove: boolean;
  /** what a forced node has counts for nothing once another node has led by a majority, and its force ends */
  forceYields: boolean;
  /** a force ends at the first sight of a primary of a majority, before this node's data is replaced */
  forceSeesPrimary: boolean;
  /** and what was forced counts for nothing from then on, whatever the number of that primary's epoch */
  forceOutranked: boolean;
  /** what was forced counts again if no node has any data of the leadership that overruled it */
  forceRestored: boolean;
}

export const trueRules: DataRules = {
  epochs: true,
  durable: true,
  uncovers: true,
  counted: true,
  born: true,
  ownEpoch: true,
  placeHolders: true,
  cleared: true,
  fenced: true,
  orphansEnded: true,
  finalLook: true,
  proof: true,
  certain: true,
  boundOrders: true,
  syncFirst: true,
  gateLooks: true,
  marker: true,
  configurations: true,
  leavesOut: true,
  forceEndsAbove: true,
  forceYields: true,
  forceSeesPrimary: true,
  forceOutranked: true,
  forceRestored: true,
};

export interface PlantedFault {
  name: string;
  rules: DataRules;
  /** what it breaks */
  breaks: RegExp;
  /** the search begins here: any seed would do, and from this one it is short */
  seed: number;
}

const loses = /without \d+ acknowledged writes/;
const stuck = /^no leader that all follow/;
const twins = /not common|another history/;
const two = /acknowledges, and so does/;

function plant(rule: keyof DataRules, breaks: RegExp, seed: number, name: string): PlantedFault {
  return { name, rules: { ...trueRules, [rule]: false }, breaks, seed };
}

export const plantedFaults: readonly PlantedFault[] = [
  plant("epochs", loses, 3, "a former primary goes on in its timeline, and others take the next number"),
  plant("durable", twins, 1298, "voters forget the epochs that they have granted"),
  plant("counted", loses, 1, "a promotion without an epoch counts"),
  plant("placeHolders", stuck, 1, "PostgreSQL takes the next number instead of the reserved one"),
  plant("cleared", stuck, 1, "place-holders are left for the next start"),
  plant("fenced", loses, 4022, "the server outlives its lease"),
  plant("orphansEnded", two, 3, "a backend outlives its postmaster, and the lease"),
  plant("finalLook", loses, 793, "what was seen before the lease was held is final"),
  plant("proof", loses, 632, "a strict node leads without proof"),
  plant("certain", loses, 617, "a WAL end that could not be read is a proof"),
  plant("syncFirst", loses, 2, "the synchronous set comes after the first commit"),
  plant("born", loses, 1329, "a timeline without a history file counts"),
  plant("gateLooks", loses, 918, "a promotion by hand ends under an epoch that was reserved meanwhile"),
  plant("configurations", loses, 580, "a node proves only what its own PARTNER_NODES ask for"),
  plant("leavesOut", twins, 1157, "a node that votes alone takes a number that another may have"),
  plant("forceYields", loses, 257, "a forced node outranks a majority that has led since"),
  plant("forceRestored", stuck, 243, "what was forced stays overruled by a leadership that never began"),
  plant("uncovers", loses, 152, "a segment that is received again hides what was acknowledged"),
  plant("marker", loses, 1573, "a copy from another time leads"),
];
