/** Lies of a dishonest quorum about blocks, transactions, imports and approvals. */
import { ZERO_DIGEST } from '@bursar/protocol';
import type { KeptBlock } from '../../src/audit/block-record.ts';
import { chainRow, done, each, imports, large, of, paidAnyway, prepared, type Row, receipts, small, transfer } from './audit-scenes.ts';
import { body, id, type Lie, MadeChain, pid, recode, TREASURY } from './made-chain.ts';

export const lies: readonly Row[] = [
  chainRow(
    'a certificate of two of four',
    { certificate: (x) => ({ signers: new Uint8Array([3]), signatures: x.signatures.slice(1) }) },
    /200 of the 267/,
  ),
  chainRow('a signature that is somebody else’s', { certificate: (x) => ({ signatures: x.signatures.toReversed() }) }, /did not sign/),
  chainRow('a certificate of another block', { certificate: () => ({ digest: ZERO_DIGEST }) }, /for something else/),
  chainRow('prepares of a part, as if they were final', { certificate: () => ({ kind: 'prepared' }) }, /Prepares of a part/),
  chainRow('a parent that nobody knows', { header: () => ({ parent: ZERO_DIGEST }) }, /parent is not/),
  chainRow('a clock that stands still', { header: (h) => ({ time: h.time - 1_000 }) }, /is not after/),
  chainRow('a height left out', { header: () => ({ height: 3 }) }, /height 3 follows 1/),
  chainRow('another state root than was kept', { header: () => ({ stateRoot: ZERO_DIGEST }) }, /another state root/),
  chainRow('another results root', { header: () => ({ resultsRoot: ZERO_DIGEST }) }, /another results root/),
  [
    'chain',
    'a body that was exchanged',
    () => {
      const c = new MadeChain();
      const other = new MadeChain().block([transfer(c, id('bob'), 5n)]).blocks[0] as KeptBlock;
      const lie: Lie = { kept: (k) => ({ raw: { ...k.raw, batches: other.raw.batches } }) };
      return of(c.block([transfer(c, id('bob'), 6n, 'client', 0n)], lie));
    },
    /body 0 is not the one referred to/,
  ],
  [
    'agreement',
    'a validator with another chain',
    () => {
      const [c, d] = [new MadeChain().block(), new MadeChain().block([], { ms: 2_000 })];
      return of(c, { validators: [c, d].map((x, i) => ({ name: `v${i}`, blocks: each(x.blocks) })) });
    },
    /v1 and v0 differ: the blocks/,
  ],
  [
    'agreement',
    'a validator with another root over the same blocks',
    () => {
      const c = new MadeChain().block();
      const d = c.blocks.map((b) => ({ ...b, stateRoot: ZERO_DIGEST }));
      return of(c, { validators: [c.blocks, d].map((x, i) => ({ name: `v${i}`, blocks: each(x) })) });
    },
    /differ: the state roots/,
  ],
  [
    'log',
    'a log that cannot be read',
    () => {
      const broken = async function* (): AsyncGenerator<KeptBlock> {
        yield* [];
        throw new Error('00000001.log is corrupt at byte 24');
      };
      return of(new MadeChain(), { validators: [{ name: 'v2', blocks: broken() }] });
    },
    /v2: .*corrupt at byte 24/,
  ],
  [
    'signature',
    'a transfer that its payer never signed',
    () => {
      const c = new MadeChain();
      const bytes = transfer(c, id('eve'), 5n);
      (bytes[bytes.length - 1] as number) ^= 1;
      return of(c.block([bytes]));
    },
    /is not signed by/,
  ],
  [
    'funds',
    'an overdraft that was let through',
    () => {
      const c = new MadeChain();
      return of(c.block([transfer(c, id('eve'), 2_000_000n)], { results: done }));
    },
    /is to be refused with InsufficientFunds/,
  ],
  [
    'result',
    'a transfer that was refused without a reason',
    () => {
      const c = new MadeChain();
      return of(c.block([transfer(c, id('bob'), 5n)], { results: recode(0, { code: 7002 }) }));
    },
    /refused with InsufficientFunds; it is to be done/,
  ],
  [
    'result',
    'a transaction without a result',
    () => {
      const c = new MadeChain();
      return of(c.block([transfer(c, id('bob'), 5n)], { results: () => [] }));
    },
    /has no result/,
  ],
  [
    'nonce',
    'a transfer that was made twice',
    () => {
      const c = new MadeChain();
      c.block([transfer(c, id('bob'), 5n)]);
      return of(c.block([transfer(c, id('bob'), 5n, 'client', 0n)], { results: recode(0, { code: 0, consumed: true }) }));
    },
    /refused with NonceTooLow/,
  ],
  [
    'nonce',
    'a nonce that was not used up',
    () => {
      const c = new MadeChain();
      return of(c.block([transfer(c, id('bob'), 5n)], { results: recode(0, { consumed: false }) }));
    },
    /did not use its nonce/,
  ],
  [
    'authority',
    'an approval by somebody who is no approver',
    () => {
      const c = new MadeChain();
      const digest = imports(c);
      return of(c.block([c.approve('clerk', digest)], { results: done }));
    },
    /refused with NotAuthorised/,
  ],
  [
    'authority',
    'a resume by one guardian with an old number',
    () => {
      const c = new MadeChain();
      c.block([c.act('gil', { kind: 'pause', treasury: TREASURY, number: 1 })]);
      return of(c.block([c.act('gus', { kind: 'resume', treasury: TREASURY, number: 0 })], { results: done }));
    },
    /refused with PauseNumberStale/,
  ],
  [
    'import',
    'an import under a digest that its items do not have',
    () => {
      const c = new MadeChain();
      const common = { treasury: TREASURY, import: ZERO_DIGEST };
      const seal = c.act('clerk', { kind: 'importSeal', ...common, chunks: 1, count: 1 }, 1n);
      const chunk = c.act('clerk', { kind: 'importChunk', ...common, index: 0, items: [body('a')] }, 0n);
      return of(c.block([chunk, seal], { results: recode(1, { code: 0 }) }));
    },
    /refused with ImportMismatch/,
  ],
  ...(
    [
      ['another body under a known key', [body('a', { amount: 11n })], /ClientKeyConflict/],
      ['a cycle', [body('x', { dependsOn: [pid('y')] }), body('y', { dependsOn: [pid('x')] })], /DependencyCycle/],
      ['a dependency that does not exist', [body('x', { dependsOn: [pid('nobody')] })], /DependencyMissing/],
    ] as const
  ).map(
    ([sentence, bodies, says]): Row => [
      'import',
      `${sentence}, admitted`,
      () => {
        const c = new MadeChain();
        imports(c);
        return of(c.block(c.imported(bodies).transactions, { results: recode(1, { code: 0 }) }));
      },
      says,
    ],
  ),
  [
    'approval',
    'a payment that lacks the board',
    () => {
      const { c, digest } = prepared();
      return of(c.block([c.batch([large], 1n)], paidAnyway(c, digest)));
    },
    /payment .* refused with NotApproved/,
  ],
  [
    'approval',
    'an approval by whoever proposed it',
    () => {
      const c = new MadeChain();
      const made = c.imported(small, 'ann');
      c.block(made.transactions);
      return of(c.block([c.approve('ann', made.digest)], { results: done }));
    },
    /refused with OwnProposal/,
  ],
  [
    'approval',
    'a receipt under an import that nobody approved',
    () => {
      const { c } = prepared();
      const other = imports(c, [body('a'), body('z')]);
      return of(c.block([c.batch([body('a')], 1n)], { results: receipts((r) => ({ ...r, import: other })) }));
    },
    /under which it was not approved/,
  ],
];
