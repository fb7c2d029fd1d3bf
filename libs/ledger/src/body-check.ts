import type { DisbursementBody, Hex32, RejectionName } from '@bursar/protocol';

/** What a body's codec cannot say. Undefined: nothing is wrong. */
export function checkBody(body: DisbursementBody, treasury: Hex32, id: Hex32): RejectionName | undefined {
  if (body.amount === 0n) return 'AmountInvalid';
  if (body.treasury !== treasury || body.clientKey === '') return 'FieldInvalid';
  for (const [i, dependency] of body.dependsOn.entries()) {
    if (dependency === id) return 'DependencyCycle';
    if (i > 0 && dependency <= (body.dependsOn[i - 1] as Hex32)) return 'FieldInvalid';
  }
  if (body.payee?.name === '') return 'FieldInvalid';
  const { expectedReceipts } = body;
  if (expectedReceipts.length === 0) return undefined;
  const sum = expectedReceipts.reduce((all, { amount }) => all + amount, 0n);
  return sum === body.amount && expectedReceipts.every((e) => e.amount > 0n) ? undefined : 'FieldInvalid';
}
