/** Follows one transaction: out of memory, out of storage, then as blocks are executed. */
import { type Digest, findRejection, type RejectionName, type rejections } from '@bursar/protocol';
import { type BursarError, coreError, rejection } from '@bursar/shared-core';
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

/**
 * Yields each step of a transaction that has a result: final, then provable (or a result that consumed nothing: the last).
 * Ends after the last, or throws the signal's reason. @throws QueueFull when too many wait
 */
export async function* followOutcome(id: Digest, parts: FollowParts, signal: AbortSignal): AsyncGenerator<Outcome> {
  const { outcomes, isPending } = parts;
  const queue: Outcome[] = [];
  let wake = () => {};
  const leave = outcomes.watch(id, (outcome) => {
    queue.push(outcome);
    if (queue.length > 8) queue.shift(); // steps of one transaction are few; the newest counts
    wake();
  });
  if (!leave) throw tooManyWait();
  const abort = () => wake();
  signal.addEventListener('abort', abort, { once: true });
  let told: Outcome | undefined;
  try {
    const known = outcomes.find(id);
    const first = known || !isPending(id) ? await settled(id, known, parts) : undefined;
    if (first) queue.unshift(first);
    for (;;) {
      signal.throwIfAborted();
      const next = queue.shift();
      if (!next) {
        await new Promise<void>((resolve) => {
          wake = resolve;
          if (queue.length > 0 || signal.aborted) resolve();
        });
        continue;
      }
      const outcome = (await settled(id, next, parts)) ?? next;
      if (told && told.provable === outcome.provable && told.result.height === outcome.result.height) continue;
      told = outcome;
      yield outcome;
      if (isLast(outcome)) return;
    }
  } finally {
    leave();
    signal.removeEventListener('abort', abort);
  }
}

const tooManyWait = () => rejection('QueueFull', 'too many calls wait for transactions', { retryAfterMs: 1_000 });

/**
 * What lookups say: a result that consumed nothing gives way to an earlier one of the same transaction (it came a second
 * time); nothing known here is asked of storage. A storage that is down is no answer: the caller waits on.
 */
async function settled(id: Digest, known: Outcome | undefined, { outcomes, storage }: FollowParts): Promise<Outcome | undefined> {
  if (known?.result.consumed) return known;
  const stored = await storage.transaction(id).catch(() => undefined);
  return stored ? outcomes.adopt(stored) : known;
}

/**
 * The last step of each transaction, in order: provable, or a result that consumed nothing.
 * @throws the signal's reason; QueueFull when too many wait
 */
export function awaitOutcomes(ids: readonly Digest[], parts: FollowParts, signal: AbortSignal): Promise<Outcome[]> {
  const { outcomes, isPending } = parts;
  return new Promise((resolve, reject) => {
    const found = new Array<Outcome | undefined>(ids.length);
    const leaves: (() => void)[] = [];
    let open = ids.length;
    const end = () => {
      for (const leave of leaves) leave();
      signal.removeEventListener('abort', abort);
    };
    const abort = () => {
      end();
      reject(signal.reason);
    };
    const take = (i: number, outcome: Outcome | undefined) => {
      if (!outcome || !isLast(outcome) || found[i]) return;
      found[i] = outcome;
      if (--open > 0) return;
      end();
      resolve(found as Outcome[]);
    };
    const consider = (i: number, outcome: Outcome | undefined) => {
      if (outcome?.result.consumed) take(i, outcome);
      else void settled(ids[i] as Digest, outcome, parts).then((o) => take(i, o));
    };
    if (signal.aborted || open === 0) return signal.aborted ? reject(signal.reason) : resolve([]);
    signal.addEventListener('abort', abort, { once: true });
    for (const [i, id] of ids.entries()) {
      const leave = outcomes.watch(id, (outcome) => consider(i, outcome));
      if (!leave) {
        end();
        return reject(tooManyWait());
      }
      leaves.push(leave);
    }
    for (const [i, id] of ids.entries()) {
      const known = outcomes.find(id);
      if (known || !isPending(id)) consider(i, known);
    }
  });
}

/** A result that failed, as the error that the caller gets; undefined for one that is done. */
export function outcomeError({ result }: Outcome): BursarError | undefined {
  if (result.code === 0) return undefined;
  const details = { transaction_id: result.transaction, height: String(result.height), consumed: String(result.consumed) };
  const found = findRejection(result.code);
  if (!found) return coreError('Internal', `the ledger answered the unknown code ${result.code}`, { details });
  return rejection(found.name as RejectionName & keyof typeof rejections, undefined, { details });
}
