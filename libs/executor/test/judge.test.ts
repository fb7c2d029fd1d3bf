import { describe, expect, it } from '@jest/globals';
import type { Intent } from '../src/intent.ts';
import { judge } from '../src/judge.ts';
import type { LeaseAt } from '../src/ports.ts';

const me = 'aa'.repeat(32);
const other = 'bb'.repeat(32);
const lease = (changes: Partial<LeaseAt>): LeaseAt => ({
  holder: me,
  epoch: 3n,
  expiresAt: 10_000,
  released: false,
  nextSeq: 5n,
  height: 9,
  time: 1_000,
  ready: undefined,
  ...changes,
});
const batch = (seq: bigint, leaseEpoch = 3n, expiresAt = 2_000) =>
  ({ signer: me, batch: { kind: 'executeBatch', seq, leaseEpoch, expiresAt, shard: 0, lane: 'consumer', items: [] } }) as Pick<
    Intent,
    'batch' | 'signer'
  >;

describe('judge', () => {
  it.each([
    ['the next in turn may be executed', batch(5n), {}, 'open'],
    ['one further on may be, too', batch(7n), {}, 'open'],
    ['a seq that is used up has passed', batch(4n), {}, 'passed'],
    ['also when the batch has expired: it may have been executed before', batch(4n), { time: 3_000 }, 'passed'],
    ['also under a later lease', batch(4n), { epoch: 4n, holder: other }, 'passed'],
    ['at expires_at it can still be executed', batch(5n), { time: 2_000 }, 'open'],
    ['past expires_at it never will be', batch(5n), { time: 2_001 }, 'expired'],
    ['a later epoch fences it', batch(5n), { epoch: 4n }, 'fenced'],
    ['a lease that ran out can never be renewed under its epoch', batch(5n, 3n, 20_000), { time: 10_000 }, 'fenced'],
    ['nor one that was given back', batch(5n), { released: true }, 'fenced'],
    ['just before its end it holds', batch(5n, 3n, 20_000), { time: 9_999 }, 'open'],
    ['a reader that is behind the grant proves nothing', batch(5n, 4n), { holder: other }, 'open'],
  ])('%s', (_, intent, changes, verdict) => {
    expect(judge(intent, lease(changes))).toBe(verdict);
  });
});
