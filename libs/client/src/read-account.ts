/** A read that is as good as asking one honest ledger which never lags (docs/protocol.md, "What a client is promised"). */
import { setTimeout as sleep } from 'node:timers/promises';
import { BadGenesis, block, chainId, decode, encode, fromHex, type Genesis, type Hex32, header } from '@bursar/protocol';
import { type BursarError, errorFrom, rejection } from '@bursar/shared-core';
import { certifiedHeader } from './certified-header.ts';
import type { Connection, LedgerClient } from './connection.ts';
import { LOOK_UP_MS } from './find-transaction.ts';
import { Broken } from './proof-links.ts';

export interface AccountState {
  readonly balance: bigint;
  readonly nextNonce: bigint;
  /** The final block after which it was so. */
  readonly height: number;
}
export interface ReadAccountOptions {
  /** How long to keep asking; default 10 s. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}
const PAUSE_MS = 20;

/**
 * Balance and nonce of an account that exists: linearizable with all transfers that were proved to their senders and with all other
 * such reads, while at most f of n validators (of equal stake) lie and n − f answer.
 *
 * 1. n − f show their newest certified header. One of them has executed whatever anybody was shown before: the highest is the least
 *    height that will do, and nobody can show one that is not there.
 * 2. f + 1 give the same answer of one height: one of them is honest.
 * 3. n − f have answered from that height or above: whoever reads after this one learns of it in his step 1.
 *
 * @throws ProcessingTimeout: too few answered, or did not agree
 */
export async function readAccount(
  connection: Connection,
  genesis: Genesis,
  account: Hex32,
  { timeoutMs = 10_000, signal }: ReadAccountOptions = {},
): Promise<AccountState> {
  signal?.throwIfAborted();
  const n = connection.validators.length;
  const f = Math.floor((n - 1) / 3);
  const certified: (number | undefined)[] = connection.validators.map(() => undefined);
  const answers = new Answers(n, f);
  const { promise, resolve, reject } = Promise.withResolvers<AccountState>();
  let isOver = false;
  let last: BursarError | undefined;
  const judge = (): void => {
    const shown = certified.filter((h) => h !== undefined);
    const found = shown.length >= n - f ? answers.agreed(Math.max(...shown)) : undefined;
    if (found) resolve(found);
  };
  /** Each for itself: one that does not answer holds up nobody. */
  const follow = async (place: number, ledger: LedgerClient): Promise<void> => {
    while (!isOver) {
      try {
        certified[place] ??= await certifiedHeight(ledger, genesis);
        const { balance, nextNonce, height } = await ledger.getAccount({ account: fromHex(account) }, { timeoutMs: LOOK_UP_MS });
        answers.add(place, { balance, nextNonce, height: Number(height) });
        judge();
      } catch (e) {
        last = errorFrom(e);
      }
      if (!isOver) await sleep(PAUSE_MS);
    }
  };
  const late = () =>
    reject(rejection('ProcessingTimeout', `too few validators agree on account ${account} after ${timeoutMs} ms`, { cause: last }));
  const timer = setTimeout(late, timeoutMs);
  const abort = () => reject(signal?.reason);
  signal?.addEventListener('abort', abort, { once: true });
  for (const [place, { ledger }] of connection.validators.entries()) void follow(place, ledger);
  try {
    const found = await promise;
    connection.saw(found.height);
    return found;
  } finally {
    isOver = true;
    clearTimeout(timer);
    signal?.removeEventListener('abort', abort);
  }
}

/** @throws ProofInvalid when what it shows proves nothing */
async function certifiedHeight(ledger: LedgerClient, genesis: Genesis): Promise<number> {
  const { height } = await ledger.getStatus({}, { timeoutMs: LOOK_UP_MS });
  if (height === 0n) return 0;
  const { block: shown } = await ledger.getBlock({ height }, { timeoutMs: LOOK_UP_MS });
  try {
    const head = encode(header, decode(block, shown?.block ?? new Uint8Array()).header);
    return certifiedHeader({ header: head, certificate: shown?.certificate ?? new Uint8Array() }, genesis, chainId(genesis)).head.height;
  } catch (cause) {
    if (cause instanceof BadGenesis) throw cause;
    throw rejection('ProofInvalid', cause instanceof Broken ? cause.message : 'the newest block has not its form', { cause });
  }
}

/** What validators said, by height; what lies below the newest height of too many is forgotten. */
class Answers {
  readonly #enough: number;
  readonly #quorum: number;
  /** By validator: the newest height that it answered from. */
  readonly #newest: number[];
  readonly #byHeight = new Map<number, Map<string, { readonly state: AccountState; readonly places: Set<number> }>>();

  constructor(n: number, f: number) {
    this.#enough = f + 1;
    this.#quorum = n - f;
    this.#newest = new Array<number>(n).fill(-1);
  }
  add(place: number, state: AccountState): void {
    this.#newest[place] = Math.max(this.#newest[place] as number, state.height);
    const same = this.#byHeight.get(state.height) ?? new Map();
    this.#byHeight.set(state.height, same);
    const key = `${state.balance} ${state.nextNonce}`;
    const found = same.get(key) ?? { state, places: new Set<number>() };
    same.set(key, found);
    found.places.add(place);
    for (const oldest of this.#byHeight.keys()) {
      if (this.#byHeight.size <= MOST_HEIGHTS) break;
      this.#byHeight.delete(oldest);
    }
  }
  /** The newest state that step 2 and 3 hold for. */
  agreed(least: number): AccountState | undefined {
    const reached = [...this.#newest].sort((a, b) => b - a)[this.#quorum - 1] as number;
    const heights = [...this.#byHeight.keys()].filter((h) => h >= least && h <= reached).sort((a, b) => b - a);
    for (const height of heights)
      for (const { state, places } of this.#byHeight.get(height)?.values() ?? []) if (places.size >= this.#enough) return state;
    return undefined;
  }
}
/** Answers of so many heights are kept. */
const MOST_HEIGHTS = 256;
