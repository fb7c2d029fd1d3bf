/** Chooses what the next batches pay: the ready lists in their order, without what is in flight or deferred. Never a scan. */
import type { Digest, Lane } from '@bursar/protocol';
import type { LeaseAt, LedgerReads, ReadyItem } from './ports.ts';

export const LANES: readonly Lane[] = ['consumer', 'industrial'];
/** Pages read for one lane in one plan: more come with the next block. */
const MAX_PAGES = 64;
/** Most that one ListReady answers. */
const PAGE_ITEMS = 1_000;

export interface PlannedBatch {
  readonly lane: Lane;
  readonly items: readonly ReadyItem[];
}
export interface PlanLimits {
  /** Batches that may be signed now. */
  readonly batches: number;
  readonly batchItems: number;
}
export interface Plan {
  readonly batches: readonly PlannedBatch[];
  /** Ready items that were seen, taken or not. */
  readonly matured: number;
}

/** Cuts each lane's items into batches; lanes take turns, so that a long one does not starve the other. */
export function cut(perLane: readonly { readonly lane: Lane; readonly items: readonly ReadyItem[] }[], limits: PlanLimits): PlannedBatch[] {
  const batches: PlannedBatch[] = [];
  for (let start = 0; ; start += limits.batchItems) {
    const before = batches.length;
    for (const { lane, items } of perLane) {
      const taken = items.slice(start, start + limits.batchItems);
      if (taken.length > 0 && batches.length < limits.batches) batches.push({ lane, items: taken });
    }
    if (batches.length === before) return batches;
  }
}

/** How an item stands with the executor: it may be put into a batch, is in one that is not resolved, or was put off. */
export type Standing = 'free' | 'under-way' | 'deferred';

/** Reads the ready lists from where the last plan stopped. */
export class Planner {
  readonly #reads: LedgerReads;
  /** Everything before the cursor was taken up or put off; empty = from the beginning. */
  readonly #cursors = new Map<Lane, string>();
  #turn = 0;

  constructor(reads: LedgerReads) {
    this.#reads = reads;
  }

  /** Starts from the beginning again: something that was taken up came back unpaid. */
  restart(): void {
    this.#cursors.clear();
  }

  /** Lanes in which nothing is ready are not read: there every cursor stands at the end of its list. */
  async plan(limits: PlanLimits, standing: (id: Digest) => Standing, { height, ready }: Pick<LeaseAt, 'height' | 'ready'>): Promise<Plan> {
    const lanes = [...LANES.slice(this.#turn % LANES.length), ...LANES.slice(0, this.#turn % LANES.length)];
    this.#turn += 1;
    const before = new Map(this.#cursors);
    const perLane: { lane: Lane; items: ReadyItem[] }[] = [];
    let matured = 0;
    for (const lane of lanes) {
      if (ready?.[lane] === 0) {
        this.#cursors.delete(lane);
        continue;
      }
      const found = await this.#take(lane, limits.batches * limits.batchItems, standing, height);
      perLane.push({ lane, items: found.items });
      matured += found.matured;
    }
    const batches = cut(perLane, limits);
    for (const { lane, items } of perLane) {
      const taken = batches.reduce((sum, b) => sum + (b.lane === lane ? b.items.length : 0), 0);
      // Found but not taken: the next plan must meet it again.
      if (taken < items.length) this.#cursors.set(lane, before.get(lane) ?? '');
    }
    return { batches, matured };
  }

  async #take(lane: Lane, wanted: number, standing: (id: Digest) => Standing, atLeast: number) {
    const items: ReadyItem[] = [];
    const taken = new Set<Digest>();
    // What it follows is in this plan or in an earlier batch: seqs rise, so that it is paid first.
    const take = ({ id, after }: ReadyItem): boolean => {
      const isTaken = standing(id) === 'free' && after.every((a) => taken.has(a) || standing(a) === 'under-way');
      if (isTaken) taken.add(id);
      return isTaken;
    };
    let matured = 0;
    let cursor = this.#cursors.get(lane) ?? '';
    for (let pages = 0; pages < MAX_PAGES && items.length < wanted; pages++) {
      const page = await this.#reads.ready(lane, Math.min(wanted, PAGE_ITEMS), cursor, atLeast);
      matured += page.items.filter((i) => i.after.length === 0).length;
      const room = wanted - items.length;
      const free = page.items.filter(take);
      items.push(...free.slice(0, room));
      if (free.length > room) break; // the rest of this page is for the next plan
      if (page.next === '') {
        // The end of the list: what was put off stands before the cursor.
        if (items.length === 0) this.#cursors.delete(lane);
        break;
      }
      cursor = page.next;
      this.#cursors.set(lane, cursor);
    }
    return { items, matured };
  }
}
