/** Retry, time-out and bulkhead: the few set-ups that services need (C12, R2, R4). Breaker and limiter are not here. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type BulkheadPolicy, BulkheadRejectedError, bulkhead, TaskCancelledError, TimeoutStrategy, timeout } from 'cockatiel';
import { rejection } from './errors.ts';

export interface RetryOptions {
  /** Calls in all, the first included; default 3 (C12). */
  readonly attempts?: number;
  /** Wait before the second call; default 100 ms. */
  readonly baseMs?: number;
  /** Default 2. */
  readonly factor?: number;
  /** Share of each wait that is drawn at random, up and down; default 0.25. */
  readonly jitter?: number;
  /** Longest wait before jitter; default 10 s. */
  readonly capMs?: number;
  readonly signal?: AbortSignal;
  /** False ends the retries at once; default: everything is worth another try. */
  readonly retryIf?: (error: unknown) => boolean;
  readonly onRetry?: (error: unknown, attempt: number, waitMs: number) => void;
  /** Random source in [0, 1); a test gives its own. */
  readonly random?: () => number;
}

/** Wait before call number `attempt` + 1. Units ms. */
export function backoffMs(
  attempt: number,
  { baseMs = 100, factor = 2, jitter = 0.25, capMs = 10_000, random = Math.random }: RetryOptions = {},
): number {
  const exact = Math.min(capMs, baseMs * factor ** Math.min(attempt - 1, 64));
  return Math.round(exact * (1 + jitter * (2 * random() - 1)));
}

/** Calls until success. @throws the last error, or the signal's reason when aborted (a wait ends at once). */
export async function retry<T>(fn: (attempt: number) => Promise<T>, options: RetryOptions = {}): Promise<T> {
  const { attempts = 3, signal, retryIf, onRetry } = options;
  for (let attempt = 1; ; attempt++) {
    signal?.throwIfAborted();
    try {
      return await fn(attempt);
    } catch (error) {
      if (attempt >= attempts || signal?.aborted || retryIf?.(error) === false) throw error;
      const waitMs = backoffMs(attempt, options);
      onRetry?.(error, attempt, waitMs);
      await sleep(waitMs, undefined, signal ? { signal } : {}).catch(() => signal?.throwIfAborted());
    }
  }
}

/** As retry, until success or abort: the signal is the bound. */
export const retryForever = <T>(
  fn: (attempt: number) => Promise<T>,
  options: Omit<RetryOptions, 'attempts'> & { readonly signal: AbortSignal },
): Promise<T> => retry(fn, { ...options, attempts: Number.POSITIVE_INFINITY });

/** Gives `fn` a signal that aborts after `ms`. @throws ProcessingTimeout then, whether or not `fn` obeys. */
export async function withTimeout<T>(what: string, ms: number, fn: (signal: AbortSignal) => Promise<T>, signal?: AbortSignal): Promise<T> {
  try {
    return await timeout(ms, TimeoutStrategy.Aggressive).execute((context) => fn(context.signal), signal);
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof TaskCancelledError) throw rejection('ProcessingTimeout', `${what} took longer than ${ms} ms`, { cause: error });
    throw error;
  }
}

/** At most `limit` at once and `queue` waiting. The returned function throws QueueFull beyond that. */
export function createBulkhead(what: string, limit: number, queue: number): <T>(fn: () => Promise<T>) => Promise<T> {
  const policy: BulkheadPolicy = bulkhead(limit, queue);
  return async (fn) => {
    try {
      return await policy.execute(fn);
    } catch (error) {
      if (error instanceof BulkheadRejectedError)
        throw rejection('QueueFull', `${what}: ${limit} at work and ${queue} waiting`, { cause: error });
      throw error;
    }
  };
}
