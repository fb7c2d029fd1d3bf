/** Follows transactions: out of memory, out of storage, then as blocks are executed. */
import { type Digest, findRejection, type RejectionName, type rejections } from '@bursar/protocol';
import { type BursarError, coreError, rejection, retryForever } from '@bursar/shared-core';
import type { StoragePort } from '../ports.ts';
import type { Outcome, Outcomes } from './outcomes.ts';

export interface FollowParts {
  readonly outcomes: Outcomes;
  readonly storage: Pick<StoragePort, 'transaction'>;
  /** It waits here to be ordered: no lookup can know of it yet. */
  readonly isPending: (id: Digest) => boolean;
}

/** Nothing more will come: it is provable, or nothing was consumed and no lookup will ever find it. */
export const isLast = (o: Outcome): boolean => o.provable || !o.result.consumed;
/** Lookups under way for one call, however many transactions it asks about. */
const LOOKUPS = 8;

/**
 * Yields each step of a transaction that has a result: final, then provable (or a result that consumed nothing: the last).
 * Ends after the last, or throws the signal's reason. @throws QueueFull when too many wait
 */
export async function* followOutcome(id: Digest, parts: FollowParts, signal: AbortSignal): AsyncGenerator<Outcome> {
  const queue: Outcome[] = [];
  let wake = () => {};
  const tell = (outcome: Outcome) => {
    queue.push(outcome);
    if (queue.length > 8) queue.shift(); // steps of one transaction are few; the newest counts
    wake();
  };
  const watching = watchOutcomes(parts, tell, signal);
  const abort = () => wake();
  signal.addEventListener('abort', abort, { once: true });
  let told: Outcome | undefined;
  try {
    watching.add(id, 0);
    for (;;) {
      signal.throwIfAborted();
      const outcome = queue.shift();
      if (!outcome) {
        await new Promise<void>((resolve) => {
          wake = resolve;
          if (queue.length > 0 || signal.aborted) resolve();
        });
        continue;
      }
      if (told && told.provable === outcome.provable && told.result.height === outcome.result.height) continue;
      told = outcome;
      yield outcome;
      if (isLast(outcome)) return;
    }
  } finally {
    watching.stop();
    signal.removeEventListener('abort', abort);
  }
}

/**
 * The last step of each transaction, in order: provable, or a result that consumed nothing.
 * @throws the signal's reason; QueueFull when too many wait
 */
export async function awaitOutcomes(ids: readonly Digest[], parts: FollowParts, signal: AbortSignal): Promise<Outcome[]> {
  signal.throwIfAborted();
  if (ids.length === 0) return [];
  const { promise, resolve, reject } = Promise.withResolvers<Outcome[]>();
  const found = new Array<Outcome | undefined>(ids.length);
  let open = ids.length;
  const take = (outcome: Outcome, i: number) => {
    if (!isLast(outcome) || found[i]) return;
    found[i] = outcome;
    if (--open === 0) resolve(found as Outcome[]);
  };
  const abort = () => reject(signal.reason);
  const watching = watchOutcomes(parts, take, signal);
  signal.addEventListener('abort', abort, { once: true });
  try {
    for (const [i, id] of ids.entries()) watching.add(id, i);
    return await promise;
  } finally {
    watching.stop();
    signal.removeEventListener('abort', abort);
  }
}

/** The transactions of one call, each at a place of its own. */
export interface Watching {
  /** Begins with what is known by now: it may be told before this returns. @throws QueueFull when too many wait */
  add(id: Digest, place: number): void;
  /** Nothing more is told of this place. */
  leave(place: number): void;
  /** Leaves all, and ends the lookups. */
  stop(): void;
}

/**
 * Tells every step of the transactions that are added, with their places: out of memory, as blocks are executed, and what storage says.
 * Storage is asked of what is not known here, and of a result that consumed nothing: it gives way to an earlier one of the same transaction
 * (it came a second time). A storage that does not answer is no answer: it is asked again. A step may be told twice.
 */
export function watchOutcomes(
  { outcomes, storage, isPending }: FollowParts,
  tell: (outcome: Outcome, place: number) => void,
  signal: AbortSignal,
): Watching {
  const over = new AbortController();
  const until = AbortSignal.any([signal, over.signal]);
  const leaves = new Map<number, () => void>();
  /** Place → whom to ask about, and what is known of it. */
  const wanted = new Map<number, { readonly id: Digest; readonly known: Outcome | undefined }>();
  let looking = 0;
  const look = async () => {
    looking++;
    for (const [place, { id, known }] of wanted) {
      wanted.delete(place); // no other look takes it, and what comes meanwhile is behind it
      const asked = retryForever(() => storage.transaction(id), { signal: until, capMs: 2_000 });
      const stored = await asked.catch(() => undefined); // the caller is gone
      const outcome = stored ? outcomes.adopt(stored) : known;
      if (until.aborted) break;
      if (outcome && leaves.has(place)) tell(outcome, place);
    }
    looking--;
  };
  const consider = (id: Digest, place: number, known: Outcome | undefined) => {
    if (known?.result.consumed) return tell(known, place);
    wanted.set(place, { id, known });
    if (looking < LOOKUPS) void look();
  };
  return {
    add(id, place) {
      const leave = outcomes.watch(id, (outcome) => consider(id, place, outcome));
      if (!leave) throw rejection('QueueFull', 'too many calls wait for transactions', { retryAfterMs: 1_000 });
      leaves.set(place, leave);
      const known = outcomes.find(id);
      if (known || !isPending(id)) consider(id, place, known);
    },
    leave(place) {
      leaves.get(place)?.();
      leaves.delete(place);
      wanted.delete(place);
    },
    stop() {
      over.abort();
      for (const leave of leaves.values()) leave();
      leaves.clear();
    },
  };
}

/** A result that failed, as the error that the caller gets; undefined for one that is done. */
export function outcomeError({ result }: Outcome): BursarError | undefined {
  if (result.code === 0) return undefined;
  const details = { transaction_id: result.transaction, height: String(result.height), consumed: String(result.consumed) };
  const found = findRejection(result.code);
  if (!found) return coreError('Internal', `the ledger answered the unknown code ${result.code}`, { details });
  return rejection(found.name as RejectionName & keyof typeof rejections, undefined, { details });
}
