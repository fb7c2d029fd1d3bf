import type { Digest, Genesis, Hex32 } from '@bursar/protocol';
import { chainId, fromHex } from '@bursar/protocol';
import { Books } from './books.ts';
import { DisbursementTable } from './disbursement-table.ts';
import { DueHeap } from './due-heap.ts';
import { EdgeTable } from './edge-table.ts';
import type { Change, Execution, Hold, Import, Leafed, Lease, Offence, Offender, Payee, Staging, Treasury } from './entities.ts';
import { Fifo } from './fifo.ts';
import { LeafTree } from './leaf-tree.ts';

/** Deferred work: serve a disbursement's dependents, sort an import's items by its approvals, give funds back to a treasury's items, look through its imports. */
export type Task =
  | { readonly kind: 'dependents'; readonly item: number }
  | { readonly kind: 'activate'; readonly import: Import }
  | { readonly kind: 'wake'; readonly treasury: Treasury }
  | { readonly kind: 'review'; readonly treasury: Treasury };

/**
 * Everything that the chain agrees on. What is not a leaf itself follows from the leaves: the lists of ready and unfunded items
 * are those of that status by `since`, the time-lock heap those timelocked by `notBefore` and those held by a limit by when its window has room, deferred work what has edges left,
 * items not activated or a wake under way, by `since`.
 */
export class State {
  readonly chain: Digest;
  readonly shards: number;
  readonly leaseMs: number;
  height = 0;
  /** Ledger time, milliseconds: that of the newest header. */
  time: number;
  payments = 0;
  /** Counts changes of status: the order in which things came. */
  sequence = 0;
  readonly nextBatch: number[];
  readonly tree = new LeafTree();
  readonly books = new Books(() => this.tree.newSlot());
  readonly treasuries = new Map<Digest, Treasury>();
  /** By the account that they pay from. */
  readonly treasuryByAccount = new Map<Hex32, Treasury>();
  readonly leases: Lease[] = [];
  readonly disbursements = new DisbursementTable();
  readonly edges = new EdgeTable();
  readonly imports: Import[] = [];
  /** By treasury and digest: a digest binds its treasury, but until the seal proves it anybody may claim one for his own. */
  readonly #importByKey = new Map<string, Import>();
  /** Open stagings in the order of their opening, by import and proposer. */
  readonly stagings = new Map<string, Staging>();
  stagedBytes = 0;
  readonly executions: Execution[] = [];
  /** By id, all of them. */
  readonly changes = new Map<Digest, Change>();
  /** No open change expires or counts before this ledger time. */
  nextChangeAt = Number.POSITIVE_INFINITY;
  /** By disbursement: the bodies that were revised, each with the place in the order of changes until which it stood. */
  readonly formerBodies = new Map<number, { readonly bodyHash: Hex32; readonly until: number }[]>();
  /** What pays a disbursement back: the newest that was admitted to, by disbursement; cancelled ones count for nothing. */
  readonly reversals = new Map<number, number>();
  /** By disbursement; those released stay, for their numbers. */
  readonly holds = new Map<number, Hold>();
  /** By validator. */
  readonly offenders = new Map<number, Offender>();
  /** Of all of them, in the order of the blocks. */
  readonly offences: Offence[] = [];
  /** Public keys of the validators, by index. */
  readonly validatorKeys: readonly Uint8Array[];
  /** By origin: evidence whose signatures this block may still have checked. */
  readonly evidenceLeft = new Map<number, number>();
  /** Who proposed a policy in this block: one each, for each of its keys is checked. */
  readonly policyProposers = new Set<Hex32>();
  readonly due = new DueHeap();
  /** By disbursement: when `due` brings up what a limit holds back; one look each, however often it is sorted meanwhile. */
  readonly roomLooks = new Map<number, number>();
  readonly tasks = new Fifo<Task>();
  /** Steps of deferred work that this block may still do. */
  budget = 0;
  readonly dirtyDisbursements: number[] = [];
  readonly dirtyTreasuries: Treasury[] = [];
  readonly dirtyImports: Import[] = [];
  readonly dirtyLeases: Lease[] = [];
  readonly dirtyOffenders: Offender[] = [];
  readonly dirtyChanges: Change[] = [];
  readonly dirtyPayees: Payee[] = [];
  readonly dirtyHolds: Hold[] = [];

  constructor(genesis: Genesis) {
    this.chain = chainId(genesis);
    this.shards = genesis.shards;
    this.leaseMs = genesis.leaseMs;
    this.time = genesis.time;
    this.nextBatch = genesis.validators.map(() => 1);
    this.validatorKeys = genesis.validators.map((v) => fromHex(v.publicKey));
  }

  touchDisbursement(n: number): void {
    if (this.disbursements.dirty[n] === 1) return;
    this.disbursements.dirty[n] = 1;
    this.dirtyDisbursements.push(n);
  }
  touchTreasury(t: Treasury): void {
    touch(t, this.dirtyTreasuries);
  }
  touchImport(i: Import): void {
    touch(i, this.dirtyImports);
  }
  touchLease(l: Lease): void {
    touch(l, this.dirtyLeases);
  }
  touchOffender(o: Offender): void {
    touch(o, this.dirtyOffenders);
  }
  touchChange(c: Change): void {
    touch(c, this.dirtyChanges);
  }
  touchPayee(p: Payee): void {
    touch(p, this.dirtyPayees);
  }
  touchHold(h: Hold): void {
    touch(h, this.dirtyHolds);
  }
  findImport(treasury: Digest, digest: Digest): Import | undefined {
    return this.#importByKey.get(treasury + digest);
  }
  /** The one that is sealed, else any; looks once a treasury. */
  findImportByDigest(digest: Digest): Import | undefined {
    let open: Import | undefined;
    for (const treasury of this.treasuries.keys()) {
      const found = this.findImport(treasury, digest);
      if (found?.state === 'sealed' || found?.state === 'approved') return found;
      open ??= found;
    }
    return open;
  }
  addImport(made: Import): void {
    this.imports.push(made);
    this.#importByKey.set(made.treasury.id + made.digest, made);
  }
  importOf(n: number): Import {
    return this.imports[this.disbursements.import[n] as number] as Import;
  }
}

function touch<T extends Leafed>(entity: T, dirty: T[]): void {
  if (entity.dirty) return;
  entity.dirty = true;
  dirty.push(entity);
}
