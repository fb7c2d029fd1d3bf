/** Who leads: Follow-the-Satoshi by stake, the same on every validator (V2; `beacon` and `skipped` in docs/protocol.md, "Blocks"). */
import { type Digest, digest, fromHex, type Header, hash } from '@bursar/protocol';
import { fromBitmap, toBitmap } from './bitmap.ts';
import type { ValidatorSet } from './validator-set.ts';

/** How many final headers back a skipped leader is remembered. */
export const SCHEDULE_WINDOW = 64;

/** What the order of leaders of the next height depends on, besides the set. */
export interface Schedule {
  /** Of the last final header. */
  readonly beacon: Digest;
  /** `skipped` of the last SCHEDULE_WINDOW final headers, oldest first. */
  readonly skipped: readonly Uint8Array[];
}

export const genesisBeacon = (chain: Digest): Digest => digest('bursar/beacon', fromHex(chain));

const number8 = (v: number): Uint8Array => {
  const out = new Uint8Array(8);
  let rest = v;
  for (let i = 7; i >= 0; i--) {
    out[i] = rest % 256;
    rest = Math.floor(rest / 256);
  }
  return out;
};
/** Answers kept: all validators that share a process ask for the same ones. */
const KEPT = 16;
function remembered<V>(known: Map<string, V>, beacon: Digest, height: number, make: () => V): V {
  const key = `${height}/${beacon}`;
  const before = known.get(key);
  if (before !== undefined) return before;
  const made = make();
  known.set(key, made);
  if (known.size > KEPT) known.delete(known.keys().next().value as string);
  return made;
}

const beacons = new Map<string, Digest>();
/** Beacon of the block at `height`, from the one before it (proofVersion 0). */
export const nextBeacon = (beacon: Digest, height: number): Digest =>
  remembered(beacons, beacon, height, () => digest('bursar/beacon', fromHex(beacon), number8(height)));

export const startSchedule = (chain: Digest): Schedule => ({ beacon: genesisBeacon(chain), skipped: [] });

/** The schedule after one more final header. */
export const advanceSchedule = (schedule: Schedule, header: Header): Schedule => ({
  beacon: header.beacon,
  skipped: [...schedule.skipped.slice(-(SCHEDULE_WINDOW - 1)), header.skipped],
});

/**
 * All validators in the order in which they lead the views of `height`: drawn by stake, without replacement; then those
 * that a header of the window shows skipped go last, in the order drawn. 256 bits against a stake of 64 leave no bias to speak of.
 */
export function leaderOrder(set: ValidatorSet, schedule: Schedule, height: number): readonly number[] {
  return putLast(drawn(set, schedule.beacon, height), skippedIn(schedule, set.validators.length));
}

const draws = new WeakMap<ValidatorSet, Map<string, readonly number[]>>();

function drawn(set: ValidatorSet, beacon: Digest, height: number): readonly number[] {
  const known = draws.get(set) ?? new Map<string, readonly number[]>();
  draws.set(set, known);
  return remembered(known, beacon, height, () => draw(set, beacon, height));
}

function draw(set: ValidatorSet, beacon: Digest, height: number): readonly number[] {
  const left = set.validators.map((v) => v.index);
  const seed = fromHex(beacon);
  const order: number[] = [];
  for (let total = set.total; left.length > 1 && total > 0n; ) {
    const ticket = hash('bursar/leader', seed, number8(height), number8(order.length));
    let point = BigInt(`0x${Buffer.from(ticket).toString('hex')}`) % total;
    let at = 0;
    for (; ; at++) {
      const stake = set.validators[left[at] as number]?.stake ?? 0n;
      if (point < stake) {
        total -= stake;
        break;
      }
      point -= stake;
    }
    order.push(...left.splice(at, 1));
  }
  order.push(...left);
  return order;
}

function skippedIn(schedule: Schedule, n: number): ReadonlySet<number> {
  const out = new Set<number>();
  for (const bitmap of schedule.skipped) {
    if (isZero(bitmap)) continue; // nearly all of them
    for (const i of fromBitmap(bitmap, n) ?? []) out.add(i);
  }
  return out;
}

function isZero(bitmap: Uint8Array): boolean {
  for (let i = 0; i < bitmap.length; i++) if (bitmap[i] !== 0) return false;
  return true;
}

const putLast = (order: readonly number[], last: ReadonlySet<number>): readonly number[] =>
  last.size === 0 ? order : [...order.filter((i) => !last.has(i)), ...order.filter((i) => last.has(i))];

/** Leader of a view; after all have led, the order starts again. */
export const leaderOf = (order: readonly number[], view: number): number => order[view % order.length] as number;

/** Header field `skipped` of a block first proposed in `view`: who led the views before it. */
export const skippedBitmap = (order: readonly number[], view: number, n: number): Uint8Array => toBitmap(order.slice(0, view), n);
