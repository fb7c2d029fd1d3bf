/** Quorums as numbers, written down by hand: the oracle must not share the engine's arithmetic. */

/** Equal stakes of 1: validators → votes that make a quorum, votes that may be faulty. */
const equal: Readonly<Record<number, readonly [quorum: number, faulty: number]>> = {
  1: [1, 0],
  2: [2, 0],
  3: [3, 0],
  4: [3, 1],
  5: [4, 1],
  6: [5, 1],
  7: [5, 2],
  8: [6, 2],
  9: [7, 2],
  10: [7, 3],
  13: [9, 4],
  31: [21, 10],
  100: [67, 33],
};
/** Lumpy stakes by name: total, quorum, faulty. */
const lumpy: Readonly<Record<string, readonly [quorum: number, faulty: number]>> = {
  '34,34,31,1': [67, 33],
  '3,1,1,1,1': [5, 2],
  '10,10,10,5,5,5,1': [31, 15],
};

export interface Quorum {
  readonly quorum: number;
  readonly faulty: number;
  readonly total: number;
}

/** @throws RangeError for stakes that are not in the table: add them there by hand. */
export function quorumOf(stakes: readonly number[]): Quorum {
  const row = stakes.every((s) => s === 1) ? equal[stakes.length] : lumpy[stakes.join(',')];
  if (row === undefined) throw new RangeError(`no quorum is written down for stakes ${stakes.join(',')}`);
  return { quorum: row[0], faulty: row[1], total: stakes.reduce((a, b) => a + b, 0) };
}
