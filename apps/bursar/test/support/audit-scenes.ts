/** Scenes that the audit is shown, and what a dishonest quorum would make of them. */
import { bodyHash, type Digest, type PaymentReceipt, type Result } from '@bursar/protocol';
import type { AuditInput } from '../../src/audit/audit.ts';
import type { KeptBlock } from '../../src/audit/block-record.ts';
import type { Property } from '../../src/audit/findings.ts';
import { body, type Lie, MadeChain, pid, recode, TREASURY } from './made-chain.ts';

export async function* each(blocks: readonly KeptBlock[]): AsyncGenerator<KeptBlock> {
  yield* blocks;
}
export const of = (chain: MadeChain, more: Partial<AuditInput> = {}): AuditInput => ({
  genesis: chain.genesis,
  chain: chain.chain,
  validators: [{ name: 'v0', blocks: each(chain.blocks) }],
  ...more,
});

export const transfer = (c: MadeChain, to: string, amount: bigint, from = 'client', nonce?: bigint) =>
  c.act(from, { kind: 'transfer', to, amount, memo: '' }, nonce);
export const account = (c: MadeChain) => c.ledger.treasury(TREASURY)?.account as string;
export const small = [body('a'), body('b'), body('c', { dependsOn: [pid('b')] })];
export const large = body('big', { amount: 4_000n });
export const imports = (c: MadeChain, bodies = [...small, large]) => {
  const made = c.imported(bodies);
  c.block(made.transactions);
  return made.digest;
};
/** Funds, an import that finance approved once, a lease: the small ones may be paid, the large one may not. */
export function prepared(bodies = [...small, large]): { c: MadeChain; digest: Digest } {
  const c = new MadeChain().block();
  c.block([transfer(c, account(c), 20_000n)]);
  const digest = imports(c, bodies);
  c.block([c.approve('ann', digest), c.lease()]);
  return { c, digest };
}
export const done = recode(0, { code: 0 });
/** A batch of the ledger's refusals, as if each item had been paid, with the receipts that would follow. */
export function paidAnyway(c: MadeChain, digest: Digest, bodies = [large], { seq = 1n, epoch = 1n, ms = 1_000 } = {}): Lie {
  const policy = c.ledger.treasury(TREASURY)?.policyDigest ?? '';
  const common = {
    import: digest,
    policy,
    from: account(c),
    height: c.blocks.length + 1,
    time: c.time + ms,
    leaseEpoch: epoch,
    seq,
    attempt: 1,
  };
  return {
    ms,
    results: (all) =>
      all.flatMap((r): Result[] => {
        if (r.kind !== 'transaction') return [];
        const { transaction } = r;
        const receipts = bodies.map(
          (b): PaymentReceipt => ({
            kind: 'payment',
            ...common,
            disbursement: pid(b.clientKey),
            bodyHash: bodyHash(b),
            to: b.destination,
            amount: b.amount,
            transaction,
          }),
        );
        const here = { height: common.height, index: 0 };
        return [{ ...r, ...here, code: 0, consumed: true, items: bodies.map(() => 0) }, ...receipts];
      }),
  };
}
export const receipts = (change: (r: PaymentReceipt) => PaymentReceipt | undefined) => (all: Result[]) =>
  all.flatMap((r) => (r.kind === 'payment' ? (change(r) ?? []) : r));

export type Row = readonly [property: Property, sentence: string, make: () => AuditInput, says: RegExp];
export const chainRow = (sentence: string, lie: Lie, says: RegExp): Row => [
  'chain',
  sentence,
  () => of(new MadeChain().block().block([], lie).block()),
  says,
];
