/** What an audit may find wrong: a closed list of properties, and a bounded list of sentences. */

/** What must hold of a history, by the name under which an audit speaks of it. */
export const properties = {
  log: 'every validator’s block log can be read to its end',
  chain: 'each block follows the one before and is certified by a quorum',
  agreement: 'all validators hold one chain, with the same results and roots',
  signature: 'every transaction is signed by the key it names',
  result: 'what a block says of a transaction follows from the blocks before it',
  nonce: 'every nonce is used once, in order',
  funds: 'nobody pays what he does not have',
  authority: 'only who may do a thing does it',
  import: 'an import is what its digest says, whole, without conflict or cycle',
  approval: 'a payment has the approvals that its amount needs, of each role, none by its proposer',
  limit: 'no payment exceeds a limit of its treasury',
  payee: 'nothing that is held, or made out to what a payee was before, is paid',
  dependency: 'a payment follows its dependencies',
  schedule: 'no payment is made before its time, in a pause, or after its cancellation',
  lease: 'only the holder of a lease pays, and the epochs of a shard never fall',
  seq: 'each seq of a shard is used once, in order',
  receipt: 'each payment has one receipt, which says what its body says',
  once: 'no payment is made twice',
  supply: 'no money is made or lost: debits = receipts = credits',
  books: 'the balances that a validator tells are those of the blocks',
  evidence: 'who stands convicted is proved to have contradicted himself',
  accepted: 'what was accepted stands in a block, and what was reported done is done',
  unpaid: 'at rest everything is paid that may be paid',
} as const;
export type Property = keyof typeof properties;

export interface Finding {
  readonly property: Property;
  /** Of the block where it shows; 0: of the history as a whole. */
  readonly height: number;
  readonly what: string;
}

/** So many of each property are told; all are counted. */
const TOLD = 20;

export class Findings {
  readonly list: Finding[] = [];
  readonly counts = new Map<Property, number>();

  add(property: Property, height: number, what: string): void {
    const before = this.counts.get(property) ?? 0;
    this.counts.set(property, before + 1);
    if (before < TOLD) this.list.push({ property, height, what });
  }
}
