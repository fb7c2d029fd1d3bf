/** Payments as the wire has them, made into payment orders; and the dependencies that only the ledger can know. */

import { dependenciesOf, type PaymentOrder } from '@bursar/client';
import { type Digest, disbursementId, type Lane, parseAccount, toHex } from '@bursar/protocol';
import type { treasury as rpc } from '@bursar/protocol/rpc';
import type { FieldViolation } from '@bursar/shared-core';

/** Dependencies outside an import that are looked up for one PrepareImport. */
export const MAX_LOOKUPS = 1_000;

export function ordersOf(payments: readonly rpc.Payment[]): { readonly orders: PaymentOrder[]; readonly violations: FieldViolation[] } {
  const violations: FieldViolation[] = [];
  const orders = payments.map((p, i): PaymentOrder => {
    const destination = parseAccount(p.destination);
    if (destination === undefined)
      violations.push({ field: `payments[${i}].destination`, description: 'is no account (bur1…) with a right checksum' });
    if (p.notBeforeMs > BigInt(Number.MAX_SAFE_INTEGER))
      violations.push({ field: `payments[${i}].not_before_ms`, description: 'is too far away; it is milliseconds since 1970' });
    return {
      clientKey: p.clientKey,
      destination: destination ?? '',
      amount: p.amount,
      lane: (p.lane || 'consumer') as Lane,
      notBefore: Number(p.notBeforeMs),
      dependsOn: p.dependsOn,
      memo: p.memo,
      ...(p.payee === '' ? {} : { payee: { name: p.payee, version: p.payeeVersion } }),
      expectedReceipts: p.expectedReceipts,
      revision: p.revision,
      ...(p.reverses.length === 0 ? {} : { reverses: toHex(p.reverses) }),
    };
  });
  return { orders, violations };
}

/** Ids of dependencies that are not in the import itself. */
export function outsideDependencies(treasury: Digest, orders: readonly PaymentOrder[]): Digest[] {
  const inside = new Set(orders.map((o) => o.clientKey));
  const outside = new Set<string>();
  for (const order of orders) for (const key of dependenciesOf(order)) if (key.isWellFormed() && !inside.has(key)) outside.add(key);
  return [...outside].map((key) => disbursementId(treasury, key));
}

export interface ImportProgress {
  readonly state: string;
  readonly approvals: number;
  readonly counts: Readonly<Record<string, bigint>>;
}

/** Nothing of it can move by itself any more: it was refused, or each item is paid, cancelled or held back. */
export function isSettled({ state, counts }: ImportProgress): boolean {
  if (state === 'refused') return true;
  return state === 'approved' && ['voting', 'queued', 'timelocked'].every((s) => (counts[s] ?? 0n) === 0n);
}
