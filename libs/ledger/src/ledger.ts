import {
  type Batch,
  type ByteList,
  type Digest,
  decode,
  type Genesis,
  type Hex32,
  type Lane,
  type NumberedPolicy,
  type Result,
  result,
} from '@bursar/protocol';
import { applyTransaction } from './apply-transaction.ts';
import { BlockResults } from './block-results.ts';
import { bounds } from './bounds.ts';
import { applyDueChanges } from './changes.ts';
import { commitLeaves } from './commit-leaves.ts';
import { openTimeLocks, runTasks } from './deferred-work.ts';
import { BrokenInvariant, InvalidBlock } from './errors.ts';
import { genesisState } from './genesis-state.ts';
import { type ImportProof, ImportProofs } from './import-proofs.ts';
import { type ReadyPage, readyCount, readyPage } from './ready-page.ts';
import { expireStagings } from './stagings.ts';
import type { State } from './state.ts';
import {
  type AccountView,
  type ChangeView,
  type DisbursementView,
  type EvidenceView,
  type ImportView,
  type LeaseView,
  type PayeeView,
  type TreasuryView,
  viewChange,
  viewDisbursement,
  viewImport,
  viewLease,
  viewOffence,
  viewPayee,
  viewTreasury,
} from './views.ts';

/** What of a final block the ledger needs; `time` is its header's, milliseconds. */
export interface ExecutableBlock {
  readonly height: number;
  readonly time: number;
  readonly batches: readonly Batch[];
}
export class Executed {
  /** Canonical bytes of each result, in the order of the block, each executeBatch followed by the payments it made: `hash('bursar/result', …)` of them are the leaves under `resultsRoot`. */
  readonly encoded: ByteList;
  readonly stateRoot: Digest;
  readonly resultsRoot: Digest;

  constructor({ encoded, resultsRoot }: ReturnType<BlockResults['finish']>, stateRoot: Digest) {
    this.encoded = encoded;
    this.stateRoot = stateRoot;
    this.resultsRoot = resultsRoot;
  }
  /** Decoded, anew each time it is read: nothing on the way of a block needs them. */
  get results(): Result[] {
    return Array.from(this.encoded, (bytes) => decode(result, bytes));
  }
}
/**
 * The replicated ledger: accounts and the treasury as a pure, deterministic function of the genesis and the final blocks, held in
 * memory. Equal blocks give equal results and roots on every machine.
 */
export class Ledger {
  readonly #state: State;
  readonly #proofs: ImportProofs;
  #stateRoot: Digest;
  #poison: unknown;

  /** The state after height 0. @throws BadGenesis for thresholds, keys or sums that cannot be. */
  constructor(genesis: Genesis) {
    this.#state = genesisState(genesis);
    this.#proofs = new ImportProofs(this.#state);
    this.#stateRoot = commitLeaves(this.#state);
  }

  /**
   * Executes the next block. Total over its transactions: each gets a result, whatever its bytes. Signatures are not looked at: each
   * validator checks them once, before its Prepare, and a block comes here only with a certificate, which vouches for them.
   *
   * @throws InvalidBlock when it does not follow this state: nothing was changed.
   * @throws BrokenInvariant when the state contradicts itself: this ledger executes nothing more.
   */
  execute(block: ExecutableBlock): Executed {
    if (this.#poison !== undefined) throw new BrokenInvariant(`a block failed before: ${String(this.#poison)}`);
    checkBlock(this.#state, block);
    try {
      return this.#apply(block);
    } catch (error) {
      this.#poison = error;
      throw error;
    }
  }

  #apply(block: ExecutableBlock): Executed {
    const s = this.#state;
    s.height = block.height;
    s.time = block.time;
    s.budget = bounds.workPerBlock;
    s.evidenceLeft.clear();
    s.policyProposers.clear();
    expireStagings(s);
    applyDueChanges(s);
    openTimeLocks(s);
    runTasks(s);
    const results = new BlockResults();
    let index = 0;
    for (const batch of block.batches) {
      s.nextBatch[batch.origin] = batch.number + 1;
      for (const { transaction } of batch.entries) {
        applyTransaction(s, transaction, index, batch.origin, results);
        index += 1;
      }
    }
    runTasks(s);
    this.#stateRoot = commitLeaves(s);
    return new Executed(results.finish(), this.#stateRoot);
  }

  get chain(): Digest {
    return this.#state.chain;
  }
  get height(): number {
    return this.#state.height;
  }
  /** Ledger time, milliseconds. */
  get time(): number {
    return this.#state.time;
  }
  get stateRoot(): Digest {
    return this.#stateRoot;
  }
  /** Sum of all balances, base units. */
  get supply(): bigint {
    return this.#state.books.supply;
  }
  /** Payments made so far. */
  get payments(): number {
    return this.#state.payments;
  }
  /** Deferred work that waits for later blocks: causes, not steps. */
  get deferred(): number {
    return this.#state.tasks.size;
  }

  /** Payments that wait for a moment of ledger time, those cancelled meanwhile among them. */
  get scheduled(): number {
    return this.#state.due.size;
  }

  /** The number that the origin's next batch must bear. @throws RangeError for an origin that is no validator. */
  nextBatch(origin: number): number {
    const next = this.#state.nextBatch[origin];
    if (next === undefined) throw new RangeError(`there is no validator ${origin}`);
    return next;
  }
  account(id: Hex32): AccountView | undefined {
    const found = this.#state.books.find(id);
    return found && { balance: found.balance, nonce: found.nonce };
  }
  treasury(id: Digest): TreasuryView | undefined {
    const found = this.#state.treasuries.get(id);
    return found && viewTreasury(this.#state, found);
  }
  /** Ids, in the order of the genesis. */
  treasuries(): Digest[] {
    return [...this.#state.treasuries.keys()];
  }
  /** A policy that is or was in force, by its digest. */
  policy(digest: Digest): NumberedPolicy | undefined {
    for (const { policies } of this.#state.treasuries.values()) {
      const found = policies.get(digest);
      if (found) return found;
    }
    return undefined;
  }
  change(id: Digest): ChangeView | undefined {
    const found = this.#state.changes.get(id);
    return found && viewChange(found);
  }
  /** Changes of a treasury that are neither in force nor over, in the order of their proposal. */
  openChanges(treasury: Digest): ChangeView[] {
    return [...(this.#state.treasuries.get(treasury)?.openChanges ?? [])].map(viewChange);
  }
  payee(treasury: Digest, name: string): PayeeView | undefined {
    const found = this.#state.treasuries.get(treasury)?.payees.get(name);
    return found && viewPayee(found);
  }
  /** The payee that has this reference now. */
  payeeByReference(treasury: Digest, reference: string): PayeeView | undefined {
    const name = this.#state.treasuries.get(treasury)?.payeeByReference.get(reference);
    return name === undefined ? undefined : this.payee(treasury, name);
  }
  /** At most `limit` payees in the order of their entry, from the place `from` on; those struck off among them. */
  payees(treasury: Digest, from: number, limit: number): PayeeView[] {
    return (this.#state.treasuries.get(treasury)?.payeeList ?? []).slice(from, from + limit).map(viewPayee);
  }
  findImport(digest: Digest): ImportView | undefined {
    const found = this.#state.findImportByDigest(digest);
    return found && viewImport(this.#state, found);
  }
  disbursement(id: Digest): DisbursementView | undefined {
    const n = this.#state.disbursements.find(id);
    return n === undefined ? undefined : viewDisbursement(this.#state, n);
  }
  /** What is proven against validators, or one of them, in the order of the blocks: at most `limit`, from the place `from` on. */
  evidence(from: number, limit: number, validator?: number): EvidenceView[] {
    const { offences } = this.#state;
    const wanted = validator === undefined ? offences : offences.filter((o) => o.evidence.validator === validator);
    return wanted.slice(from, from + limit).map(viewOffence);
  }
  /** See {@link readyPage}; empty for a shard that does not exist. */
  ready(shard: number, lane: Lane, limit: number, cursor?: string): ReadyPage {
    return readyPage(this.#state, shard, lane, limit, cursor);
  }
  /** How many items `ready` shows on all its pages; no scan. */
  readyCount(shard: number, lane: Lane): number {
    return readyCount(this.#state, shard, lane);
  }
  /** @throws RangeError for a shard that does not exist. */
  lease(shard: number): LeaseView {
    const found = this.#state.leases[shard];
    if (!found) throw new RangeError(`there is no shard ${shard}`);
    return viewLease(found);
  }
  /** @throws RangeError for an import that is unknown or not sealed, or a place outside it. */
  importProof(digest: Digest, index: number): ImportProof {
    const found = this.#state.findImportByDigest(digest);
    const proof = found && this.#proofs.find(found, index);
    if (!proof) throw new RangeError(`there is no item ${index} of a sealed import ${digest}`);
    return proof;
  }
  /** Recounts all balances against the supply: O(accounts), for tests and audits. @throws BrokenInvariant */
  audit(): void {
    this.#state.books.audit();
  }
}

function checkBlock(s: State, block: ExecutableBlock): void {
  if (block.height !== s.height + 1) throw new InvalidBlock(`height ${block.height} does not follow ${s.height}`);
  if (!Number.isSafeInteger(block.time) || block.time <= s.time) throw new InvalidBlock(`time ${block.time} does not follow ${s.time}`);
  const next = [...s.nextBatch];
  for (const { origin, number, chain } of block.batches) {
    if (chain !== s.chain) throw new InvalidBlock(`a batch of another chain, ${chain}`);
    if (next[origin] !== number) throw new InvalidBlock(`batch ${number} of origin ${origin} instead of ${next[origin]}`);
    next[origin] = number + 1;
  }
}
