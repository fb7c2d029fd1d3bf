/** The books of the demonstration, counted again: what was imported, what was paid, every receipt, every cent. */
import type { Digest } from '@bursar/protocol';

export interface AuditFacts {
  /** Lines of the file. */
  readonly rows: number;
  readonly payments: readonly { readonly id: Digest; readonly state: string; readonly amount: bigint }[];
  /** One for each payment whose receipt was seen, and the ids that were seen again. */
  readonly receipts: ReadonlyMap<Digest, { readonly amount: bigint }>;
  readonly doubled: readonly Digest[];
  /** What the treasury was funded with, has left, and says that it paid; base units. */
  readonly funds: bigint;
  readonly balance: bigint;
  readonly totalPaid: bigint;
}

const ENDED = ['executed', 'cancelled', 'blocked'];

/** A sentence about the first thing that does not add up; undefined when all does. */
export function auditProblem({ rows, payments, receipts, doubled, funds, balance, totalPaid }: AuditFacts): string | undefined {
  if (payments.length !== rows) return `${rows} payments were imported, the ledger lists ${payments.length}`;
  const open = payments.find((p) => !ENDED.includes(p.state));
  if (open) return `payment ${open.id} is still ${open.state}`;
  if (doubled[0] !== undefined) return `payment ${doubled[0]} has two receipts`;
  const paid = payments.filter((p) => p.state === 'executed');
  const wrong = paid.find((p) => receipts.get(p.id)?.amount !== p.amount);
  if (wrong) return `payment ${wrong.id} counts as paid and has no receipt of its amount`;
  if (receipts.size !== paid.length) return `there are ${receipts.size} receipts for ${paid.length} payments`;
  const sum = paid.reduce((total, p) => total + p.amount, 0n);
  if (totalPaid !== sum) return `the payments sum to ${sum}, the treasury paid ${totalPaid}`;
  if (funds - sum !== balance) return `the treasury had ${funds}, paid ${sum} and has ${balance}`;
  return undefined;
}
