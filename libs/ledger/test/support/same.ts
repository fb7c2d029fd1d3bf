import { expect } from '@jest/globals';
import type { Executed } from '../../src/index.ts';

/** For millions of comparisons: jest's own say more and cost a hundred times as much, so they are asked only when it is wrong. */
export const same = (got: unknown, wanted: unknown): void => {
  if (got !== wanted) expect(got).toEqual(wanted);
};
export const rootsOf = ({ stateRoot, resultsRoot }: Executed): string => stateRoot + resultsRoot;
