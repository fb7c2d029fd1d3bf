/** Follows one transaction: out of memory, out of storage, then as blocks are executed. */
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
const isLast = (o: Outcome): boolean => o.provable || !o.result.consumed;
/** Lookups under way for one call, however many transactions it asks about. */
const LOOKUPS = 8;

/**
 * Yields each step of a transaction that has a result: final, then provable (or a result that consumed nothing: the last).
 * Ends after the last, or throws the signal's reason. @throws QueueFull when too many wait
 */
export async function* followOutcome(id: Digest, parts: FollowParts, signal: AbortSignal): AsyncGenerator<Outcome> {
  const queue: Outcome[] = [];
  let wake = () => {};
  const stop = watchAll(
    [id],
    parts,
    (outcome) => {
      queue.push(outcome);
      if (queue.length > 8) queue.shift(); // steps of one transaction are few; the newest counts
      wake();
    },
    signal,
  );
  const abort = () => wake();
  signal.addEventListener('abort', abort, { once: true });
  let told: Outcome | undefined;
  try {
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
    stop();
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
  const stop = watchAll(ids, parts, take, signal);
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await promise;
  } finally {
    stop();
    signal.removeEventListener('abort', abort);
  }
}

/**
 * Tells every step of these transactions with its place among them: out of memory, as blocks are executed, and what storage says. Storage
 * is asked of what is not known here, and of a result that consumed nothing: it gives way to an earlier one of the same transaction (it
 * came a second time). A storage that does not answer is no answer: it is asked again.
 * @returns what ends it. @throws QueueFull when too many wait
 */
function watchAll(
  ids: readonly Digest[],
  { outcomes, storage, isPending }: FollowParts,
  tell: (outcome: Outcome, i: number) => void,
  signal: AbortSignal,
): () => void {
  const over = new AbortController();
  const until = AbortSignal.any([signal, over.signal]);
  const leaves: (() => void)[] = [];
  /** Place → what is known of it. */
  const wanted = new Map<number, Outcome | undefined>();
  let looking = 0;
  const look = async () => {
    looking++;
    for (const [i, known] of wanted) {
      wanted.delete(i); // no other look takes it, and what comes meanwhile is behind it
      const asked = retryForever(() => storage.transaction(ids[i] as Digest), { signal: until, capMs: 2_000 });
      const stored = await asked.catch(() => undefined); // the caller is gone
      const outcome = stored ? outcomes.adopt(stored) : known;
      if (until.aborted) break;
      if (outcome) tell(outcome, i);
    }
    looking--;
  };
  const consider = (i: number, known: Outcome | undefined) => {
    if (known?.result.consumed) return tell(known, i);
    wanted.set(i, known);
    if (looking < LOOKUPS) void look();
  };
  const stop = () => {
    over.abort();
    for (const leave of leaves.splice(0)) leave();
  };
  for (const [i, id] of ids.entries()) {
    const leave = outcomes.watch(id, (outcome) => consider(i, outcome));
    if (!leave) {
      stop();
      throw rejection('QueueFull', 'too many calls wait for transactions', { retryAfterMs: 1_000 });
    }
    leaves.push(leave);
  }
  for (const [i, id] of ids.entries()) {
    const known = outcomes.find(id);
    if (known || !isPending(id)) consider(i, known);
  }
  return stop;
}

/** A result that failed, as the error that the caller gets; undefined for one that is done. */
export function outcomeError({ result }: Outcome): BursarError | undefined {
  if (result.code === 0) return undefined;
  const details = { transaction_id: result.transaction, height: String(result.height), consumed: String(result.consumed) };
  const found = findRejection(result.code);
  if (!found) return coreError('Internal', `the ledger answered the unknown code ${result.code}`, { details });
  return rejection(found.name as RejectionName & keyof typeof rejections, undefined, { details });
}
