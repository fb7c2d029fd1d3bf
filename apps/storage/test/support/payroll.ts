/** A payroll from import to receipts on a test chain, block by block. */

import { treasuryAccount } from '@bursar/protocol';
import { approvers, client, executeAction, executor, type MadeBlock, type TestChain, TREASURY, testImport } from './chain.ts';

export const TRACEPARENT = '00-11111111111111111111111111111111-2222222222222222-01';

/** Blocks: fund, import and seal, two approvals, lease, pay all but the last item, empty. */
export function payroll(chain: TestChain, count = 5) {
  const payments = Array.from({ length: count }, (_, i) => ({ key: `salary-${i}`, amount: BigInt(100 + i) }));
  const imported = testImport(payments);
  const blocks: MadeBlock[] = [];
  const fund = chain.sign(client, { kind: 'transfer', to: treasuryAccount(TREASURY), amount: 100_000n, memo: 'funds' });
  const plain = (signed: Uint8Array, traceparent = '') => ({ transaction: signed, traceparent, tracestate: '' });
  blocks.push(chain.next([plain(fund.signed)]));
  blocks.push(chain.next([chain.entry(client, imported.chunk), chain.entry(client, imported.seal, TRACEPARENT)]));
  const approvals = approvers.slice(0, 2).map((a) => chain.sign(a, imported.approve).signed);
  blocks.push(chain.next(approvals.map((a) => plain(a))));
  blocks.push(chain.next([chain.entry(executor, { kind: 'lease', shard: 0, request: 'acquire' })]));
  const lease = chain.ledger.lease(0);
  const pay = chain.sign(
    executor,
    executeAction(imported.items.slice(0, -1), lease?.nextSeq ?? 0n, lease?.epoch ?? 0n, chain.ledger.time + 60_000),
  );
  blocks.push(chain.next([plain(pay.signed, TRACEPARENT)]));
  blocks.push(chain.next());
  return { imported, blocks, approvals, fundId: fund.id, payId: pay.id };
}
