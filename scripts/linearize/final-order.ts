/** The second, simpler look at a history: replayed in the final order, every answer is that of its height (serializability by height). */
import { type Bank, bank } from './bank.ts';
import type { Recorded } from './client.ts';

/** @returns what contradicts the final order; empty: nothing */
export function contradictions(initial: Bank, history: readonly Recorded[]): string[] {
  const found: string[] = [];
  const transfers = history
    .filter((o) => o.input.kind === 'transfer' && o.height !== undefined)
    .sort((a, b) => (a.height as number) - (b.height as number) || (a.index as number) - (b.index as number));
  const model = bank(initial);
  /** Ascending: the state after the transactions of a height. */
  const states: { readonly height: number; readonly state: Bank }[] = [{ height: 0, state: initial }];
  let state = initial;
  let latestCall = Number.NEGATIVE_INFINITY;
  for (const [i, op] of transfers.entries()) {
    const before = transfers[i - 1];
    if (before?.height === op.height && before?.index === op.index) {
      // A place holds one transaction: it counts once, so that nothing else seems wrong because of it.
      found.push(`two operations claim the transaction at ${op.height}/${op.index}`);
      continue;
    }
    const [after] = model.step(state, op.input, op.output);
    if (after === undefined) found.push(`transfer ${op.height}/${op.index} cannot answer ${op.output?.kind} in the final order`);
    state = after ?? state;
    states.push({ height: op.height as number, state });
    // Real time: whatever was over before another one was called comes before it.
    if (op.back < latestCall) found.push(`transfer ${op.height}/${op.index} was over before one was called that is ordered before it`);
    latestCall = Math.max(latestCall, op.call);
  }
  for (const op of history) {
    if (op.input.kind !== 'read' || op.output?.kind !== 'account') continue;
    const at = states.findLast((s) => s.height <= (op.height as number))?.state[op.input.account];
    if (at?.[0] !== op.output.balance || at[1] !== op.output.nonce)
      found.push(
        `a read of account ${op.input.account} at height ${op.height} saw ${op.output.balance}/${op.output.nonce}, the order says ${at?.join('/')}`,
      );
  }
  return found;
}
