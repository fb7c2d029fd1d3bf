/**
 * Sends transfers that were signed beforehand and counts what becomes of them. A lane is one account with one validator, so that its
 * nonces arrive in order; it has one call under way at a time, and sends again from the first that was refused.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { create, toBinary, type UnknownField } from '@bufbuild/protobuf';
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import type { Connection, Signed, ValidatorClient } from '../../libs/client/src/index.ts';
import { fromHex } from '../../libs/protocol/src/index.ts';
import { transactions } from '../../libs/protocol/src/rpc.ts';
import { errorFrom } from '../../libs/shared-core/src/index.ts';

export interface Lane {
  readonly transfers: readonly Pick<Signed, 'id'>[];
  /** Each as SubmitBatch bears it, encoded before the clock starts: the peer's load generator does not encode while it measures either. */
  readonly encoded: readonly UnknownField[];
  readonly validator: ValidatorClient;
  next: number;
}
export interface LoadOptions {
  readonly lanes: readonly Lane[];
  /** Transfers in a call. */
  readonly group: number;
  readonly warmSeconds: number;
  readonly seconds: number;
  /** Offered each second, whatever becomes of it, without waiting for receipts. Absent: each lane waits for the receipts of what it sent. */
  readonly rate?: number;
  /** Called when the warm-up is over. */
  readonly onWarm?: () => void | Promise<void>;
}
export interface LoadFigures {
  /** Receipts in each measured second; none when a rate is given. */
  readonly receipts: readonly number[];
  /** From the answer to a call until its last transfer was provable, ms. */
  readonly ms: readonly number[];
  /** Sent in the measured seconds, again or for the first time. */
  readonly sent: number;
  readonly accepted: number;
  /** Reason → transfers, in the measured seconds. */
  readonly refused: ReadonlyMap<string, number>;
  /** How long was measured: shorter than asked when the transfers ran out. */
  readonly seconds: number;
}

const PAUSE_MS = 50;
const TICK_MS = 5;
const WAIT_MS = 60_000;

const { SubmitBatchRequestSchema, SubmitRequestSchema } = transactions;

export function openLane(validator: ValidatorClient, transfers: readonly Signed[]): Lane {
  const encoded = transfers.map(({ body, signature }): UnknownField => {
    const message = toBinary(SubmitRequestSchema, create(SubmitRequestSchema, { body, signature }));
    const { number: no } = SubmitBatchRequestSchema.field.transactions;
    return { no, wireType: WireType.LengthDelimited, data: new BinaryWriter().bytes(message).finish() };
  });
  return { transfers, encoded, validator, next: 0 };
}
export const openLanes = (connection: Connection, work: readonly (readonly Signed[])[]): Lane[] =>
  work.map((transfers, i) => openLane(connection.validators[i % connection.validators.length] as ValidatorClient, transfers));

export async function runLoad(options: LoadOptions): Promise<LoadFigures> {
  const { lanes, group, warmSeconds, seconds, rate, onWarm } = options;
  const receipts: number[] = [];
  const ms: number[] = [];
  const refused = new Map<string, number>();
  let [sent, accepted, receivedNow] = [0, 0, 0];
  let isMeasuring = false;
  let isOver = false;

  const count = (reason: string, transfers: number) => {
    if (isMeasuring) refused.set(reason, (refused.get(reason) ?? 0) + transfers);
  };
  /** One call. @returns what was taken */
  const submit = async (lane: Lane): Promise<Lane['transfers']> => {
    const first = lane.next;
    const txs = lane.transfers.slice(first, first + group);
    lane.next += txs.length;
    if (isMeasuring) sent += txs.length;
    try {
      const request = create(SubmitBatchRequestSchema);
      request.$unknown = lane.encoded.slice(first, first + txs.length);
      const { outcomes } = await lane.validator.transactions.submitBatch(request);
      const bad = outcomes.findIndex((o) => o.rejection !== undefined);
      if (bad === -1) {
        if (isMeasuring) accepted += txs.length;
        return txs;
      }
      for (const { rejection } of outcomes.slice(bad)) count(rejection?.name ?? 'behind a refused one', 1);
      lane.next = first + bad;
      if (isMeasuring) accepted += bad;
      return txs.slice(0, bad);
    } catch (e) {
      count(errorFrom(e).reason, txs.length);
      lane.next = first;
      return [];
    }
  };
  const closed = async (lane: Lane): Promise<void> => {
    while (!isOver && lane.next < lane.transfers.length) {
      const taken = await submit(lane);
      if (taken.length === 0) {
        await sleep(PAUSE_MS);
        continue;
      }
      const since = performance.now();
      const { results } = await lane.validator.transactions.waitBatch(
        { transactionIds: taken.map((t) => fromHex(t.id)) },
        { timeoutMs: WAIT_MS },
      );
      const failed = results.filter((r) => r.rejection !== undefined).length;
      if (failed > 0)
        throw new Error(`${failed} transfers of an account failed in the ledger: ${results.find((r) => r.rejection)?.rejection?.name}`);
      receivedNow += taken.length;
      if (isMeasuring) ms.push(performance.now() - since);
    }
    isOver = true; // a lane that has run dry would make the others look faster
  };
  const open = async (perSecond: number): Promise<void> => {
    const idle = [...lanes];
    const busy = new Set<Promise<void>>();
    const since = performance.now();
    for (let offered = 0; !isOver; ) {
      while (idle.length > 0 && offered < ((performance.now() - since) / 1_000) * perSecond) {
        const lane = idle.shift() as Lane;
        if (lane.next >= lane.transfers.length) {
          isOver = true;
          break;
        }
        offered += Math.min(group, lane.transfers.length - lane.next);
        const call: Promise<void> = submit(lane).then(() => {
          busy.delete(call);
          idle.push(lane);
        });
        busy.add(call);
      }
      await sleep(TICK_MS);
    }
    await Promise.all(busy);
  };

  const work = rate === undefined ? Promise.all(lanes.map(closed)) : open(rate);
  let failure: unknown;
  work.catch((e: unknown) => {
    failure = e;
    isOver = true;
  });
  const started = performance.now();
  await sleep(warmSeconds * 1_000);
  await onWarm?.();
  isMeasuring = true;
  receivedNow = 0;
  const measured = performance.now();
  for (let s = 1; s <= seconds; s++) {
    await sleep(Math.max(0, measured + s * 1_000 - performance.now()));
    if (isOver) break;
    receipts.push(receivedNow);
    receivedNow = 0;
  }
  isMeasuring = false;
  isOver = true;
  const took = Math.max(1, Math.round((performance.now() - measured) / 1_000));
  await work.catch(() => {});
  if (failure !== undefined) throw failure;
  if (rate === undefined && receipts.length === 0)
    throw new Error(
      `the transfers ran out ${((performance.now() - started) / 1_000).toFixed(1)} s after the start, before the measurement`,
    );
  if (rate === undefined && receipts.every((n) => n === 0)) throw new Error(`no receipt came in ${receipts.length} measured seconds`);
  return { receipts, ms, sent, accepted, refused, seconds: rate === undefined ? receipts.length : took };
}
