import { describe, expect, it } from '@jest/globals';
import { Ledger } from '../src/index.ts';
import {
  approve,
  body,
  cancel,
  deps,
  digestOf,
  genesis,
  lease,
  pause,
  payee,
  resume,
  TREASURY_ACCOUNT,
  transfer,
  World,
} from './support/world.ts';

/** A bit of everything. */
function story(): World {
  const w = new World();
  const items = [
    body('a'),
    body('b', { dependsOn: deps('a') }),
    body('c', { amount: 50_000n }),
    body('d', { notBefore: w.ledger.time + 500 }),
    body('e'),
  ];
  w.block([...w.importTxs(items, 'client', 2), lease('exec', 'acquire'), new Uint8Array(5)]);
  w.block([approve('ann', digestOf(items)), approve('cyd', digestOf(items)), cancel('bob', 'e')]);
  w.pay('a', 'b', 'c', 'd', 'e');
  w.block([transfer('client', TREASURY_ACCOUNT, 60_000n), pause('gus', 1), resume('gil', 1), resume('gwen', 1)], 1_000);
  w.pay('c', 'd');
  w.block([lease('exec', 'release'), transfer('client', payee(9), 3n)], 10, 1);
  return w;
}

describe('roots', () => {
  it('are the same for the same blocks, block by block, and differ from block to block', () => {
    const w = story();
    const again = new Ledger(genesis());
    for (const { block, executed } of w.history) expect(again.execute(block)).toEqual(executed);
    expect(new Set(w.history.map(({ executed }) => executed.stateRoot)).size).toBe(w.history.length);
  });

  it('change with a single amount', () => {
    const other = new World();
    other.block([transfer('client', payee(1), 1n)]);
    const one = new World();
    one.block([transfer('client', payee(1), 2n)]);
    expect(one.ledger.stateRoot).not.toBe(other.ledger.stateRoot);
  });

  /** A change of any of these is a new protocol version, never an accident. */
  it('are pinned', () => {
    const w = story();
    expect({ genesis: new World().ledger.stateRoot, state: w.last?.stateRoot, results: w.last?.resultsRoot }).toEqual({
      genesis: 'f37f1921895d8dbcd64bebc2bc73c95e668e33861c61d28688b9a161ec05fc07',
      results: 'cf5f228af5cbf4796afd2ed22d8ae93804f96cec9dde469edab5a6f3cc622074',
      state: '6db7999966e17190adbe29dac57814098283412a3d10285178a2df97efe6cea4',
    });
  });
});
