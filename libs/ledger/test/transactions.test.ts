import { merkleRoot } from '@bursar/merkle';
import { encode, encodeTransaction, mOfN, result, resultLeaf, signedTransaction, toHex } from '@bursar/protocol';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { InvalidBlock, Ledger } from '../src/index.ts';
import {
  genesis,
  idOf,
  isTransaction,
  payee,
  TREASURY,
  TREASURY_ACCOUNT,
  transfer,
  type Unsigned,
  verdictOf,
  World,
} from './support/world.ts';

describe('transactions in general', () => {
  const good = transfer('client', payee(7), 5n);
  const rows: [string, (w: World) => Unsigned | Uint8Array, string][] = [
    ['a signed transfer is done', () => good, 'done'],
    ['garbage has no canonical form', () => new Uint8Array([1, 2, 3]), 'MalformedMessage?'],
    ['no bytes at all', () => new Uint8Array(), 'MalformedMessage?'],
    ['a trailing byte', (w) => new Uint8Array([...w.transaction(good), 0]), 'MalformedMessage?'],
    [
      'a canonical envelope around garbage',
      () => encode(signedTransaction, { body: new Uint8Array(40), signature: new Uint8Array(64) }),
      'MalformedMessage?',
    ],
    [
      'another version',
      (w) => {
        const body = encodeTransaction({ chain: w.ledger.chain, signer: idOf('client'), nonce: 0n, action: good.action });
        body[1] = 2;
        return encode(signedTransaction, { body, signature: new Uint8Array(64) });
      },
      'MalformedMessage?',
    ],
    [
      'another chain',
      () => {
        const body = encodeTransaction({ chain: payee(1), signer: idOf('client'), nonce: 0n, action: good.action });
        return encode(signedTransaction, { body, signature: new Uint8Array(64) });
      },
      'WrongChain?',
    ],
    [
      'a signature is not looked at',
      (w) => {
        const bytes = w.transaction(good);
        bytes[bytes.length - 40] = (bytes[bytes.length - 40] as number) ^ 1;
        return bytes;
      },
      'done',
    ],
    ['a signer without account', () => transfer('nobody', payee(1), 1n), 'UnknownAccount?'],
    ['a nonce ahead', () => ({ ...good, nonce: 1n }), 'NonceGap?'],
    ['a used nonce', () => ({ by: 'client', nonce: 0n, action: good.action }), 'done'],
  ];
  it.each(rows)('%s', (_, make, expected) => {
    const w = new World();
    const root = w.ledger.stateRoot;
    expect(w.run([make(w)])).toEqual([expected]);
    expect(w.ledger.account(idOf('client'))?.nonce).toBe(expected === 'done' ? 1n : 0n);
    expect(w.ledger.stateRoot).not.toBe(root); // the height is part of the state
    w.ledger.audit();
  });

  it('refuses the same bytes twice by their nonce', () => {
    const w = new World();
    const bytes = w.transaction(good);
    expect(w.run([bytes, bytes])).toEqual(['done', 'NonceTooLow?']);
    expect(w.run([bytes])).toEqual(['NonceTooLow?']);
    expect(w.ledger.account(payee(7))).toEqual({ balance: 5n, nonce: 0n });
  });

  it('consumes the nonce of a failure that is final', () => {
    const w = new World();
    expect(w.run([transfer('client', payee(7), 2_000_000n), good])).toEqual(['InsufficientFunds', 'done']);
    expect(w.ledger.account(idOf('client'))?.nonce).toBe(2n);
  });

  it('gives each transaction its place in the block and its height', () => {
    const w = new World();
    const results = w.block([good, new Uint8Array(3), good]).filter(isTransaction);
    expect(results.map((r) => [r.index, r.height, verdictOf(r)])).toEqual([
      [0, 1, 'done'],
      [1, 1, 'MalformedMessage?'],
      [2, 1, 'done'],
    ]);
  });
});

describe('transfer', () => {
  const rows: [string, Unsigned, string][] = [
    ['to a new account opens it', transfer('client', payee(9), 1n), 'done'],
    ['to oneself changes nothing but the nonce', transfer('client', idOf('client'), 1_000_000n), 'done'],
    ['of nothing is refused', transfer('client', payee(9), 0n), 'AmountInvalid'],
    ['beyond the balance is refused', transfer('client', payee(9), 1_000_001n), 'InsufficientFunds'],
    ['to the treasury funds it', transfer('client', TREASURY_ACCOUNT, 90_000n), 'done'],
  ];
  it.each(rows)('%s', (_, tx, expected) => {
    const w = new World();
    expect(w.run([tx])).toEqual([expected]);
    expect(w.ledger.supply).toBe(1_010_000n);
    w.ledger.audit();
  });

  it('to the treasury shows in its balance', () => {
    const w = new World();
    w.run([transfer('client', TREASURY_ACCOUNT, 90_000n)]);
    expect(w.ledger.treasury(TREASURY)).toMatchObject({ balance: 100_000n, name: 'main', paused: false });
  });
});

describe('blocks', () => {
  it('that do not follow are refused and change nothing', () => {
    const w = new World();
    w.run([transfer('client', payee(1), 1n)]);
    const { height, time, stateRoot, chain } = w.ledger;
    const batch = { chain, origin: 0, number: 3, expiresAt: 0, entries: [] };
    for (const wrong of [
      { height, time: time + 1, batches: [] },
      { height: height + 2, time: time + 1, batches: [] },
      { height: height + 1, time, batches: [] },
      { height: height + 1, time: time + 0.5, batches: [] },
      { height: height + 1, time: time + 1, batches: [batch] },
      { height: height + 1, time: time + 1, batches: [{ ...batch, origin: 9, number: 1 }] },
      { height: height + 1, time: time + 1, batches: [{ ...batch, chain: payee(1), number: 2 }] },
    ]) {
      expect(() => w.ledger.execute(wrong)).toThrow(InvalidBlock);
    }
    expect([w.ledger.height, w.ledger.stateRoot, w.ledger.nextBatch(0), w.ledger.nextBatch(1)]).toEqual([height, stateRoot, 2, 1]);
    expect(() => w.ledger.nextBatch(2)).toThrow(RangeError);
  });

  it('an empty block has the root of no results', () => {
    const w = new World();
    w.block();
    expect(w.last?.results).toEqual([]);
    expect(w.last?.resultsRoot).toBe(toHex(merkleRoot([])));
  });

  it('hands out the canonical bytes of its results, and the root over their leaves', () => {
    const w = new World();
    const results = w.block([transfer('client', payee(1), 1n), new Uint8Array(3)]);
    expect([...(w.last?.encoded ?? [])]).toEqual(results.map((r) => encode(result, r)));
    expect(w.last?.resultsRoot).toBe(toHex(merkleRoot(results.map(resultLeaf))));
  });
});

describe('genesis', () => {
  const [main, other] = genesis().treasuries as [ReturnType<typeof genesis>['treasuries'][0], ReturnType<typeof genesis>['treasuries'][0]];
  const rows: [string, Parameters<typeof genesis>[0], string][] = [
    ['no shard', { shards: 0 }, 'shards'],
    ['a threshold of nobody', { treasuries: [{ ...main, approval: mOfN([idOf('ann')], 0) }] }, 'threshold'],
    ['a threshold nobody can reach', { treasuries: [{ ...main, approval: mOfN([idOf('ann')], 2) }] }, 'threshold'],
    ['an approver twice', { treasuries: [{ ...main, approval: mOfN([idOf('ann'), idOf('ann')], 1) }] }, 'stands twice'],
    ['a treasury twice', { treasuries: [main, { ...other, name: 'main' }] }, 'stands twice'],
    ['guardians that cannot resume', { treasuries: [{ ...main, guardianThreshold: 9 }] }, 'guardianThreshold'],
    [
      'an approver of small order',
      { treasuries: [{ ...main, approval: mOfN([idOf('ann'), idOf('bob'), '0'.repeat(64)], 2) }] },
      'no usable public key',
    ],
    [
      'more money than 64 bits',
      {
        accounts: [
          { id: payee(1), balance: 2n ** 64n - 1n },
          { id: payee(2), balance: 1n },
        ],
      },
      '64 bits',
    ],
  ];
  it.each(rows)('with %s is refused', (_, changes, problem) => {
    expect(() => new Ledger(genesis(changes))).toThrow(problem);
  });
  it('opens accounts for everybody who may sign', () => {
    const w = new World();
    for (const name of ['client', 'clerk', 'ann', 'gus', 'exec']) expect(w.ledger.account(idOf(name))).toBeDefined();
    expect(w.ledger.treasuries()[0]).toBe(TREASURY);
  });
});

describe('any bytes', () => {
  it('get a result each, and never an exception', () => {
    const w = new World();
    const valid = [transfer('client', payee(3), 1n)].map((tx) => w.transaction(tx));
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.uint8Array({ maxLength: 300 }), fc.record({ at: fc.nat(200), value: fc.nat(255) })), { maxLength: 6 }),
        (entries) => {
          const txs = entries.map((e) => {
            if (e instanceof Uint8Array) return e;
            const copy = new Uint8Array(valid[0] as Uint8Array);
            copy[e.at % copy.length] = e.value;
            return copy;
          });
          expect(w.block(txs).filter(isTransaction)).toHaveLength(txs.length);
          w.ledger.audit();
        },
      ),
      { numRuns: 300 },
    );
  });
});
