/** One stream to one validator for a program that sends all the time: a call costs ten times what a message on an open stream does. */
import { findRejection, type TransactionResult } from '@bursar/protocol';
import type { rejection as rejections, transactions } from '@bursar/protocol/rpc';
import { BursarError, type CallOptions, errorFrom, reasonOf, rejection } from '@bursar/shared-core';
import type { ValidatorClient } from './connection.ts';
import { decodeResult } from './find-transaction.ts';
import { ledgerError } from './ledger-error.ts';
import type { Signed } from './sign-transaction.ts';

/** `taken`: on this validator's disk. `final`: executed; left out when `provable` comes at once. */
export type FollowStep = 'taken' | 'final' | 'provable';
export interface Follow {
  /**
   * Sends one. Resolves when its result is provable, on this validator's word; `onStep` hears of each step before.
   * @throws the refusal, or the ledger's rejection; QueueFull when 1,000 are under way; what ended the stream: then the outcome is unknown,
   * and `settle` with the same bytes finds it out
   */
  send(tx: Signed, onStep?: (step: FollowStep) => void): Promise<TransactionResult>;
  /** Sends no more. Resolves when all that is under way has ended. */
  close(): Promise<void>;
}

/** As many as the validator reads before some have ended. */
const UNDER_WAY = 1_000;

interface Sent {
  readonly tx: Signed;
  readonly onStep: (step: FollowStep) => void;
  done(result: TransactionResult): void;
  fail(error: BursarError): void;
}

/** Opens the stream. It lasts as long as `timeoutMs` and the validator let it, an hour by default; then open another. */
export function openFollow({ transactions: client }: ValidatorClient, options: CallOptions = {}): Follow {
  /** By their places in the stream. */
  const underWay = new Map<number, Sent>();
  let unsent: Signed[] = [];
  let sent = 0;
  let ended: BursarError | undefined;
  let isClosed = false;
  let wake = () => {};
  async function* requests() {
    for (;;) {
      const now = unsent;
      unsent = [];
      for (const { body, signature } of now) yield { body, signature };
      if (unsent.length > 0) continue;
      if (isClosed) return;
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  }
  const onReply = (reply: transactions.FollowResponse) => {
    const number = Number(reply.number);
    const it = underWay.get(number);
    if (!it) return;
    const isLast = reply.step.case === 'refused' || reply.step.case === 'provable';
    if (isLast) underWay.delete(number);
    try {
      tell(it, reply.step);
    } catch (e) {
      it.fail(errorFrom(e)); // its listener failed: that ends the stream, of which this one is no part any more
      throw e;
    }
  };
  const read = async () => {
    try {
      for await (const reply of client.follow(requests(), options)) onReply(reply);
      ended = rejection('PeerUnreachable', 'the stream has ended');
    } catch (e) {
      ended = errorFrom(e);
    }
    for (const it of underWay.values()) it.fail(ended);
    underWay.clear();
    isClosed = true;
    wake();
  };
  const over = read();
  return {
    send: (tx, onStep = () => {}) =>
      new Promise((done, fail) => {
        if (isClosed || ended) return fail(ended ?? rejection('PeerUnreachable', 'the stream is closed'));
        if (underWay.size >= UNDER_WAY) return fail(rejection('QueueFull', `${UNDER_WAY} transactions are under way on this stream`));
        underWay.set(sent++, { tx, onStep, done, fail });
        unsent.push(tx);
        wake();
      }),
    close() {
      isClosed = true;
      wake();
      return over;
    },
  };
}

function tell({ tx, onStep, done, fail }: Sent, step: transactions.FollowResponse['step']): void {
  if (step.case === undefined) return; // a step that this version does not know
  if (step.case === 'refused') fail(refusal(step.value));
  else onStep(step.case);
  if (step.case !== 'provable') return;
  const result = decodeResult(tx.id, step.value.canonical);
  if (!result) fail(rejection('PeerUnreachable', 'the validator answered with something that is not the result of this transaction'));
  else if (result.code === 0) done(result);
  else fail(ledgerError(result));
}

function refusal({ code, name, reason, correctiveAction }: rejections.Rejection): BursarError {
  const severity = findRejection(code)?.severity;
  return new BursarError({ code, reason: reasonOf(name), message: reason, remedy: correctiveAction, ...(severity ? { severity } : {}) });
}
