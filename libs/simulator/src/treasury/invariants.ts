/** What must hold in the treasury world, by name. Those of `safety` end a run with exit code 70. */
export const treasuryInvariants = {
  'one receipt': 'A payment has at most one receipt.',
  approved: 'Nothing is paid before enough approvers have signed it.',
  due: 'Nothing is paid before its date.',
  dependencies: 'Nothing is paid before everything that it depends on.',
  limits: 'No payment is larger than the limits leave room for.',
  cancelled: 'What was cancelled is never paid.',
  held: 'What is held back is not paid before it is let go.',
  paused: 'Nothing of a paused treasury is paid.',
  'as imported': 'A receipt says what was imported: payer, payee, amount, body, and who executed it under which lease.',
  books: 'Debits are receipts are credits, balances follow from them, and the supply stays.',
  leases: 'A lease has one holder at a time, its epoch rises with each grant, and seqs are used up in order, once each.',
  'true refusal': 'What is refused is refused for a reason that holds.',
  'equal state': 'Every storage computes the same roots.',
  'total ledger': 'The ledger executes every block.',
  'on disk first': 'A batch stands in the journal, durably, before it is sent.',
  'one batch a seq': 'An executor never sends two batches for one shard, epoch and seq, unless the first is proven dead.',
  'true ending': 'A batch of which an executor says that it was not executed never is, and one that it calls applied was.',
  'no surprise': 'The executor throws nothing but what its ports threw.',
  'bounded state': 'Batches in flight stay within the window.',
  progress: 'After the faults end everything that may be paid is, and every batch is resolved, in time.',
} as const;
export type TreasuryInvariant = keyof typeof treasuryInvariants;

const liveness: ReadonlySet<TreasuryInvariant> = new Set(['no surprise', 'bounded state', 'progress']);

export class TreasuryViolation extends Error {
  readonly invariant: TreasuryInvariant;
  constructor(invariant: TreasuryInvariant, detail: string) {
    super(`${invariant}: ${treasuryInvariants[invariant]} ${detail}`);
    this.name = 'TreasuryViolation';
    this.invariant = invariant;
  }
  get safety(): boolean {
    return !liveness.has(this.invariant);
  }
}

/** Keeps the first violation: the executor may catch what is thrown through its ports. */
export class Verdict {
  violation: TreasuryViolation | undefined;

  fail(invariant: TreasuryInvariant, detail: string): never {
    throw this.note(invariant, detail);
  }
  /** Where nobody could catch it; the run ends all the same. */
  note(invariant: TreasuryInvariant, detail: string): TreasuryViolation {
    this.violation ??= new TreasuryViolation(invariant, detail);
    return this.violation;
  }
}
