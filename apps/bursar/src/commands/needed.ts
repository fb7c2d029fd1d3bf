/** What an import needs of its approvers, a sentence for each band of amounts. */
import { type Genesis, MAX_AMOUNT } from '@bursar/protocol';
import type { ApprovalNeed } from '../operations/import-status.ts';
import { money } from './output.ts';

/** `up to 1,000.00 EUR: finance 1 of 1`, `any amount: finance 1 of 2, board 0 of 1 missing`: given of needed. */
export const needed = (needs: readonly ApprovalNeed[], currency: Genesis['currency']): string[] =>
  [...Map.groupBy(needs, (n) => n.upTo)].map(([upTo, of]) => {
    const amounts = upTo === MAX_AMOUNT ? 'any amount' : `up to ${money(upTo, currency)}`;
    const roles = of.map(({ role, needed: n, given }) => `${Math.min(given, n)} of ${n} approvals by ${role}`);
    return `${amounts}: ${roles.join(', ')}`;
  });
