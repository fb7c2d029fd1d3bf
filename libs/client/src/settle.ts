/** Sends transactions and finds out what became of them, whatever breaks in between: always the same bytes, never signed again. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Digest, fromHex, type Genesis, type TransactionResult } from '@bursar/protocol';
import type { transactions } from '@bursar/protocol/rpc';
import { BursarError, type CallOptions, errorFrom, reasonOf, rejection } from '@bursar/shared-core';
import { type Connection, mayWorkElsewhere, type ValidatorClient } from './connection.ts';
import { decodeResult, findProven, findTransaction } from './find-transaction.ts';
import { ledgerError } from './ledger-error.ts';
import { Refusals } from './refusals.ts';
import type { Signed } from './sign-transaction.ts';

/** Executed in a final block, and its result is provable. */
export interface Settled {
  readonly id: Digest;
  readonly height: number;
  readonly result: TransactionResult;
  /** From the reply to Submit until the result was provable, ms; undefined when another validator had to be asked. */
  readonly finalityMs: number | undefined;
}
export interface SettleOptions {
  /** How long to keep trying; default 60 s. */
  readonly timeoutMs?: number;
  /** How long one validator may take before the next is asked; default 5 s. */
  readonly patienceMs?: number;
  /** Given: results and refusals by the ledger are believed only when they are proved against it; absent: a validator's word counts. */
  readonly genesis?: Genesis;
  readonly signal?: AbortSignal;
}

const SUBMIT_ITEMS = 1_000;
/** Bodies in one SubmitBatch, bytes: the call takes 1 MiB with everything around them. */
const SUBMIT_BYTES = 960 * 1024;
const WAITING = 64;

/** Sends one transaction to one validator. The reply means that it is on that validator's disk, no more. */
export const submit = (validator: ValidatorClient, { body, signature }: Signed, options: CallOptions = {}) =>
  validator.transactions.submit({ body, signature }, options);

/**
 * Sends a transaction until its result is provable. A refusal that no block proves counts once f + 1 validators say it.
 * @throws the ledger's rejection, or ProcessingTimeout: then its outcome is unknown, and sending the same bytes again is safe;
 *   `details.accepted` is `true` when a validator said that it has taken it: if that is true, a block will hold it, with a result or a
 *   refusal. `false` proves nothing: an answer may be lost
 */
export async function settle(connection: Connection, tx: Signed, options: SettleOptions = {}): Promise<Settled> {
  return follow(connection, tx, options, undefined);
}

/**
 * Sends transactions of one account in the order of their nonces, many in a call, and waits for all of them.
 * @throws the first rejection in order; later ones may have been executed all the same
 */
export async function settleMany(connection: Connection, txs: readonly Signed[], options: SettleOptions = {}): Promise<Settled[]> {
  const outcomes = await settleEach(connection, txs, options);
  return outcomes.map((o) => {
    if (o instanceof BursarError) throw o;
    return o;
  });
}

/** As `settleMany`, with what became of each in order: one rejection hides nothing of the others. */
export async function settleEach(
  connection: Connection,
  txs: readonly Signed[],
  options: SettleOptions = {},
): Promise<(Settled | BursarError)[]> {
  const { timeoutMs = 60_000 } = options;
  const deadline = Date.now() + timeoutMs;
  const accepted = new Map<Digest, Accepted>();
  for (const group of grouped(txs)) await submitGroup(connection, group, accepted, options);
  // Half of the time: a validator that took them and says nothing more must leave some for the others.
  const waited = await waitForAll(connection, txs, accepted, { ...options, timeoutMs: timeoutMs / 2 });
  const outcomes: (Settled | BursarError)[] = [];
  let next = 0;
  const worker = async () => {
    for (let i = next++; i < txs.length; i = next++) {
      const tx = txs[i] as Signed;
      const { result: found, finalityMs } = waited.get(tx.id) ?? {};
      const outcome = async () =>
        found
          ? finish(connection, found, finalityMs)
          : await follow(connection, tx, { ...options, timeoutMs: deadline - Date.now() }, accepted.get(tx.id));
      outcomes[i] = await outcome().catch(errorFrom);
    }
  };
  await Promise.all(Array.from({ length: Math.min(WAITING, txs.length) }, worker));
  return outcomes;
}

interface Waited {
  readonly result: TransactionResult;
  /** Until the last of its group was provable: an upper bound. */
  readonly finalityMs: number;
}

/** One call for each thousand that a validator took; what it does not answer in time is followed one by one. */
async function waitForAll(
  connection: Connection,
  txs: readonly Signed[],
  accepted: ReadonlyMap<Digest, Accepted>,
  { timeoutMs, signal }: SettleOptions & { readonly timeoutMs: number },
): Promise<Map<Digest, Waited>> {
  const waited = new Map<Digest, Waited>();
  const byValidator = Map.groupBy(
    txs.filter((t) => accepted.has(t.id)),
    (t) => (accepted.get(t.id) as Accepted).validator,
  );
  const wait = async (validator: ValidatorClient, group: readonly Signed[]): Promise<void> => {
    const ids = group.map((t) => fromHex(t.id));
    const { results } = await validator.transactions.waitBatch({ transactionIds: ids }, { timeoutMs, ...(signal ? { signal } : {}) });
    const nowMs = performance.now();
    for (const [i, { id }] of group.entries()) {
      const found = decodeResult(id, results[i]?.canonical ?? new Uint8Array());
      if (found?.consumed) waited.set(id, { result: found, finalityMs: nowMs - (accepted.get(id) as Accepted).atMs });
    }
  };
  const calls = [...byValidator].flatMap(([place, all]) =>
    Array.from({ length: Math.ceil(all.length / SUBMIT_ITEMS) }, (_, i) =>
      wait(connection.validators[place] as ValidatorClient, all.slice(i * SUBMIT_ITEMS, (i + 1) * SUBMIT_ITEMS)),
    ),
  );
  await Promise.allSettled(calls);
  return waited;
}

interface Accepted {
  readonly validator: number;
  readonly atMs: number;
}

async function submitGroup(
  connection: Connection,
  group: readonly Signed[],
  accepted: Map<Digest, Accepted>,
  { patienceMs = 5_000, signal }: SettleOptions,
): Promise<void> {
  const call = { timeoutMs: patienceMs, ...(signal ? { signal } : {}) };
  const transactions = group.map(({ body, signature }) => ({ body, signature }));
  for (const [place, v] of connection.validators.entries()) {
    if (signal?.aborted) return;
    try {
      const { outcomes } = await v.transactions.submitBatch({ transactions }, call);
      const atMs = performance.now();
      for (const [i, tx] of group.entries()) if (outcomes[i]?.rejection === undefined) accepted.set(tx.id, { validator: place, atMs });
      return; // what was refused is sent again alone, and says then why
    } catch (e) {
      if (!mayWorkElsewhere(errorFrom(e))) return; // of the call as a whole: sent again alone, each has its own answer
    }
  }
}

function* grouped(txs: readonly Signed[]): Generator<Signed[]> {
  let group: Signed[] = [];
  let bytes = 0;
  for (const tx of txs) {
    const size = tx.body.length + 128;
    if (group.length > 0 && (group.length >= SUBMIT_ITEMS || bytes + size > SUBMIT_BYTES)) {
      yield group;
      group = [];
      bytes = 0;
    }
    group.push(tx);
    bytes += size;
  }
  if (group.length > 0) yield group;
}

async function follow(connection: Connection, tx: Signed, options: SettleOptions, accepted: Accepted | undefined): Promise<Settled> {
  const { timeoutMs = 60_000, patienceMs = 5_000, signal, genesis } = options;
  const deadline = Date.now() + timeoutMs;
  const transactionId = fromHex(tx.id);
  const refusals = new Refusals(connection, tx);
  let last: BursarError | undefined;
  let isAccepted = accepted !== undefined;
  for (let turn = 0; ; turn++) {
    signal?.throwIfAborted();
    const place = ((accepted?.validator ?? 0) + turn) % connection.validators.length;
    const v = connection.validators[place] as ValidatorClient;
    try {
      const call = () => ({ timeoutMs: Math.max(1, Math.min(patienceMs, deadline - Date.now())), ...(signal ? { signal } : {}) });
      let atMs = turn === 0 ? accepted?.atMs : undefined;
      if (atMs === undefined) {
        await submit(v, tx, call());
        isAccepted = true;
        atMs = performance.now();
      }
      const answer = await v.transactions.wait({ transactionId }, call());
      const finalityMs = turn === 0 ? performance.now() - atMs : undefined;
      const outcome = genesis ? await findProven(connection, tx.id, genesis, place) : fromWait(tx.id, answer);
      if (outcome) return finish(connection, outcome, finalityMs);
      last = rejection('ProofInvalid', `validator ${place} says that transaction ${tx.id} is executed, and nobody proves it`);
    } catch (e) {
      last = errorFrom(e);
      if (signal?.aborted) throw last;
      // The outcome is unknown, or the nonce is not what it was: only the ledger knows what became of these bytes.
      const found = genesis ? await findProven(connection, tx.id, genesis, place) : await findTransaction(connection, tx.id);
      if (found) return finish(connection, found, undefined);
      if (!mayWorkElsewhere(last) && !isLater(last) && (await refusals.stand(last, place))) throw last;
    }
    if (Date.now() >= deadline)
      throw rejection('ProcessingTimeout', `the outcome of transaction ${tx.id} is unknown after ${timeoutMs} ms: ${last.message}`, {
        details: { transaction: tx.id, accepted: String(isAccepted) },
        cause: last,
      });
    await sleep(Math.min(1_000, last.retryAfterMs ?? 50 * 2 ** Math.min(turn, 4)), undefined, signal ? { signal } : {}).catch(() => {});
  }
}

/** Refused at this moment: the same bytes may pass when what they wait for is there. */
const isLater = (e: BursarError): boolean =>
  e.reason === reasonOf('NonceGap') || e.reason === reasonOf('NotFound') || e.reason === reasonOf('DuplicateMessage');

function finish(connection: Connection, r: TransactionResult, finalityMs: number | undefined): Settled {
  connection.saw(r.height);
  if (r.code !== 0) throw ledgerError(r);
  return { id: r.transaction, height: r.height, result: r, finalityMs };
}

function fromWait(id: Digest, { result: answer }: transactions.WaitResponse): TransactionResult {
  const decoded = answer && decodeResult(id, answer.canonical);
  if (!decoded) throw rejection('PeerUnreachable', 'the validator answered with something that is not the result of this transaction');
  return decoded;
}
