/**
 * Everything this key has signed, and the rule of what it may sign next (S4). One slot is (height, view, phase); a PrePrepare is its
 * leader's Prepare, so both share a slot. Within a height views never go back: once anything was signed in or into view v, no
 * other signature for a lower view is given. Two signatures for one slot, or a vote in a view that was left, cannot come about.
 */
import { type Digest, equalBytes } from '@bursar/protocol';
import type { BatchRow, SigningRow, VoteRow } from './signing-row.ts';

/** Heights and batch numbers below the newest by more than this are forgotten and refused for good. */
export const KEPT = 1_000;

export type Verdict =
  | { readonly kind: 'sign' }
  | { readonly kind: 'stored'; readonly signature: Uint8Array }
  | { readonly kind: 'refused'; readonly reason: string };

type Slot = Pick<VoteRow, 'epoch' | 'height' | 'view' | 'phase' | 'digest'>;
interface Height {
  /** Highest view in or into which something was signed. */
  view: number;
  readonly slots: Map<string, VoteRow>;
}

export class SigningRecord {
  readonly #heights = new Map<number, Height>();
  readonly #batches = new Map<number, BatchRow>();
  #floor = { height: 0, number: 0, time: 0 };
  #top = { height: 0, number: 0 };
  #behind = false;

  get behind(): boolean {
    return this.#behind;
  }
  /** True when so much has piled up that the log should be written anew without the old rows. */
  get bulky(): boolean {
    return this.#top.height > this.#floor.height + 2 * KEPT || this.#top.number > this.#floor.number + 2 * KEPT;
  }

  mayVote(slot: Slot): Verdict {
    const height = this.#heights.get(slot.height);
    const stored = height?.slots.get(`${slot.view}/${slot.phase}`);
    if (stored && stored.digest === slot.digest && stored.epoch === slot.epoch) return { kind: 'stored', signature: stored.signature };
    if (stored) return refused(`another ${slot.phase} of height ${slot.height}, view ${slot.view} was signed`);
    if (slot.height <= this.#floor.height)
      return refused(`height ${slot.height} is not above ${this.#floor.height}, below which nothing is signed any more`);
    if (height && slot.view < height.view) return refused(`view ${slot.view} of height ${slot.height} was left for view ${height.view}`);
    // A ViewChange says which votes were given: it must come before any vote in the view that it enters.
    if (height && slot.phase === 'view-change' && slot.view === height.view)
      return refused(`height ${slot.height} is in view ${slot.view} already`);
    return { kind: 'sign' };
  }

  /** @param finalTime ledger time of the newest final block: past it, an expired batch can never be ordered, so its number is free again. */
  mayClaim(number: number, digest: Digest, finalTime: number): Verdict {
    this.#floor.time = Math.max(this.#floor.time, finalTime);
    const stored = this.#batches.get(number);
    if (stored?.digest === digest) return { kind: 'stored', signature: stored.signature };
    if (number <= this.#floor.number)
      return refused(`batch ${number} is not above ${this.#floor.number}, below which nothing is signed any more`);
    if (stored && stored.expiresAt >= this.#floor.time) return refused(`another batch ${number} was signed and can still be ordered`);
    return { kind: 'sign' };
  }

  /** Takes in a row that was made or read from the log. */
  add(row: SigningRow): void {
    switch (row.kind) {
      case 'vote': {
        const height = this.#heights.get(row.height) ?? { view: 0, slots: new Map() };
        height.view = Math.max(height.view, row.view);
        height.slots.set(`${row.view}/${row.phase}`, row);
        this.#heights.set(row.height, height);
        this.#top.height = Math.max(this.#top.height, row.height);
        return;
      }
      case 'batch':
        this.#batches.set(row.number, row);
        this.#top.number = Math.max(this.#top.number, row.number);
        return;
      case 'floor':
        this.#floor = {
          height: Math.max(this.#floor.height, row.height),
          number: Math.max(this.#floor.number, row.number),
          time: Math.max(this.#floor.time, row.time),
        };
        return;
      case 'behind':
        this.#behind = true;
    }
  }

  /** Drops what is older than `KEPT` heights and batches. @returns the rows that say all that is left, floor first. */
  compact(): SigningRow[] {
    this.add({
      kind: 'floor',
      height: Math.max(0, this.#top.height - KEPT),
      number: Math.max(0, this.#top.number - KEPT),
      time: this.#floor.time,
    });
    for (const height of this.#heights.keys()) if (height <= this.#floor.height) this.#heights.delete(height);
    for (const number of this.#batches.keys()) if (number <= this.#floor.number) this.#batches.delete(number);
    const rows: SigningRow[] = [{ kind: 'floor', ...this.#floor }];
    if (this.#behind) rows.push({ kind: 'behind', behind: true });
    return [...rows, ...this.#votes(), ...this.#batches.values()];
  }

  /** Votes of `from` and above, at most the newest `limit`. */
  votesFrom(from: number, limit: number): VoteRow[] {
    return this.#votes()
      .filter((row) => row.height >= from)
      .slice(-limit);
  }

  /** Whether a signature that somebody shows stands here, or is too old to matter. */
  knows(row: VoteRow): boolean {
    if (row.height <= this.#floor.height) return true;
    const stored = this.#heights.get(row.height)?.slots.get(`${row.view}/${row.phase}`);
    return stored !== undefined && stored.digest === row.digest && equalBytes(stored.signature, row.signature);
  }

  #votes(): VoteRow[] {
    return [...this.#heights.entries()].sort(([a], [b]) => a - b).flatMap(([, height]) => [...height.slots.values()]);
  }
}

const refused = (reason: string): Verdict => ({ kind: 'refused', reason });
