/** bursar.consensus.v1.Transactions: what clients call. */
import { create } from '@bufbuild/protobuf';
import { encode, fromHex, limits, result as resultCodec, toHex } from '@bursar/protocol';
import { rejection as rejections, transactions } from '@bursar/protocol/rpc';
import { activeTraceparent, activeTracestate, BursarError, type Handlers, rejection } from '@bursar/shared-core';
import { awaitOutcomes, type FollowParts, followOutcome, outcomeError } from '../core/await-outcome.ts';
import { followStream, type Told } from '../core/follow-stream.ts';
import type { Given, Intake } from '../core/intake.ts';
import type { Outcome } from '../core/outcomes.ts';
import { errorMessage, rejectionMessage } from './rejection-message.ts';

/** SubmitBatch takes so much at once. */
const BATCH_BYTES = 1024 * 1024;
const { TransactionState } = transactions;

export function transactionsHandlers(intake: Intake, follow: FollowParts): Handlers<(typeof transactions.Transactions)['method']> {
  return {
    async submit({ body, signature }) {
      const id = await intake.submit({ body: new Uint8Array(body), signature }, traceOfCall());
      return { transactionId: fromHex(id) };
    },
    async submitBatch({ transactions: given }) {
      const bytes = given.reduce((sum, t) => sum + t.body.length + t.signature.length, 0);
      if (bytes > BATCH_BYTES && given.some((t) => t.body.length <= limits.transaction))
        throw rejection('TransactionTooLarge', `the transactions have ${bytes} bytes, at most ${BATCH_BYTES} are taken at once`, {
          remedy: 'Send them in smaller groups.',
        });
      const answers = await intake.submitAll(given, traceOfCall());
      const said = new Map<BursarError, rejections.Rejection>(); // thousands share one under overload
      const saying = (error: BursarError): rejections.Rejection => {
        const message = said.get(error) ?? create(rejections.RejectionSchema, errorMessage(error));
        said.set(error, message);
        return message;
      };
      return {
        outcomes: answers.map(({ id, error }) => ({
          transactionId: id === undefined ? new Uint8Array() : fromHex(id),
          ...(error ? { rejection: saying(error) } : {}),
        })),
      };
    },
    async wait({ transactionId }, { signal }) {
      const [outcome] = (await awaitOutcomes([toHex(transactionId)], follow, signal)) as [Outcome];
      const error = outcomeError(outcome);
      if (error) throw error;
      return { result: resultMessage(outcome) };
    },
    async waitBatch({ transactionIds }, { signal }) {
      const outcomes = await awaitOutcomes(transactionIds.map(toHex), follow, signal);
      return { results: outcomes.map(resultMessage) };
    },
    async *watch({ transactionId }, { signal }) {
      let isFirst = true;
      for await (const outcome of watchFrom(toHex(transactionId), follow, signal)) {
        if (outcome === undefined) {
          if (isFirst) yield { state: TransactionState.PENDING };
        } else if (!outcome.result.consumed) throw outcomeError(outcome) ?? rejection('NotFinal');
        else yield { state: outcome.provable ? TransactionState.PROVABLE : TransactionState.FINAL, result: resultMessage(outcome) };
        isFirst = false;
      }
    },
    async *follow(requests, { signal }) {
      const trace = traceOfCall();
      const submit = (given: readonly Given[]) => intake.submitAll(given, trace);
      for await (const told of followStream(requests, { ...follow, submit }, signal)) yield stepMessage(told);
    },
  };
}

/** As followOutcome, with `undefined` first when nothing is known yet. */
async function* watchFrom(id: string, follow: FollowParts, signal: AbortSignal): AsyncGenerator<Outcome | undefined> {
  if (!follow.outcomes.find(id)) yield undefined;
  yield* followOutcome(id, follow, signal);
}

function stepMessage({ number, id, step }: Told) {
  const about = { number: BigInt(number), transactionId: id === undefined ? new Uint8Array() : fromHex(id) };
  if (step === 'taken') return { ...about, step: { case: 'taken' as const, value: {} } };
  if (step instanceof BursarError) return { ...about, step: { case: 'refused' as const, value: errorMessage(step) } };
  if (!step.result.consumed) return { ...about, step: { case: 'refused' as const, value: rejectionMessage(step.result.code) } };
  return { ...about, step: { case: step.provable ? ('provable' as const) : ('final' as const), value: resultMessage(step) } };
}

function resultMessage({ result, certificateKind }: Outcome) {
  return {
    transactionId: fromHex(result.transaction),
    height: BigInt(result.height),
    index: result.index,
    certificateKind,
    ...(result.code === 0 ? {} : { rejection: rejectionMessage(result.code) }),
    itemCodes: result.items,
    canonical: encode(resultCodec, result),
  };
}

const traceOfCall = () => ({ traceparent: activeTraceparent() ?? '', tracestate: activeTracestate() ?? '' });
