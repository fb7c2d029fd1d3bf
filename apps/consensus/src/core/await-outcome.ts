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
  if (!leave) throw rejection('QueueFull', 'too many calls wait for transactions', { retryAfterMs: 1_000 });
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

/**
 * What lookups say: a result that consumed nothing gives way to an earlier one of the same transaction (it came a second
 * time); nothing known here is asked of storage. A storage that is down is no answer: the caller waits on.
 */
async function settled(id: Digest, known: Outcome | undefined, { storage }: FollowParts): Promise<Outcome | undefined> {
  if (known?.result.consumed) return known;
  const stored = await storage.transaction(id).catch(() => undefined);
  return stored ?? known;
}

/** The last step of a transaction: provable, or a result that consumed nothing. @throws as followOutcome */
export async function awaitOutcome(id: Digest, parts: FollowParts, signal: AbortSignal): Promise<Outcome> {
  for await (const outcome of followOutcome(id, parts, signal)) if (isLast(outcome)) return outcome;
  throw rejection('NotFinal');
}

/** A result that failed, as the error that the caller gets; undefined for one that is done. */
export function outcomeError({ result }: Outcome): BursarError | undefined {
  if (result.code === 0) return undefined;
  const details = { transaction_id: result.transaction, height: String(result.height), consumed: String(result.consumed) };
  const found = findRejection(result.code);
  if (!found) return coreError('Internal', `the ledger answered the unknown code ${result.code}`, { details });
  return rejection(found.name as RejectionName & keyof typeof rejections, undefined, { details });
}
