/**
 * Request bodies of Transactions and Treasury as the server takes them: decoded, validated, handled. Whatever comes, the caller gets
 * an answer that can be encoded, or an error with a code of the list; never "internal error".
 */
import { create, type DescMethod, type MessageInitShape, type MessageShape, toBinary } from '@bufbuild/protobuf';
import { transactionsHandlers } from '../../../apps/consensus/src/adapters/transactions-service.ts';
import { Intake } from '../../../apps/consensus/src/core/intake.ts';
import { Journal } from '../../../apps/consensus/src/core/journal.ts';
import { Mempool } from '../../../apps/consensus/src/core/mempool.ts';
import { Outcomes } from '../../../apps/consensus/src/core/outcomes.ts';
import { verifyTransaction } from '../../../apps/consensus/src/core/verify-job.ts';
import { Bell } from '../../../apps/treasury-executor/src/adapters/bell.ts';
import { treasuryHandlers } from '../../../apps/treasury-executor/src/adapters/treasury-service.ts';
import type { Connection } from '../../../libs/client/src/index.ts';
import * as p from '../../../libs/protocol/src/index.ts';
import { transactions, treasury } from '../../../libs/protocol/src/rpc.ts';
import { BursarError, type CallContext, coreError, rejection } from '../../../libs/shared-core/src/index.ts';
import { methodDefinition, streamsIn, Undecodable } from '../../../libs/shared-core/src/rpc/method.ts';
import { loadValidate } from '../../../libs/shared-core/src/rpc/validate.ts';
import * as s from '../samples.ts';
import { must, type Target } from '../target.ts';

const validate = await loadValidate();
/** google.rpc.Code. */
const INTERNAL = 13;
type Handler = (request: unknown, context: CallContext) => unknown;

/** The caller leaves after two turns of the event loop: whoever waits for a block must end then. */
async function call(handler: Handler, request: unknown): Promise<unknown[]> {
  const abort = new AbortController();
  const context: CallContext = {
    signal: abort.signal,
    deadlineMs: Date.now() + 1_000,
    peer: 'fuzz',
    traceId: undefined,
    header: () => undefined,
    isOwn: false,
    answered: () => {},
  };
  setImmediate(() => setImmediate(() => abort.abort(coreError('Cancelled', 'the caller ended the call'))));
  const given = await handler(request, context);
  if (typeof given !== 'object' || given === null || !(Symbol.asyncIterator in given)) return [given];
  const all: unknown[] = [];
  for await (const one of given as AsyncIterable<unknown>) {
    all.push(one);
    must(all.length < 100, 'a stream ends when its caller leaves');
  }
  return all;
}

async function* once(request: unknown): AsyncGenerator<unknown> {
  yield request;
}

export function method(
  service: { readonly methods: readonly DescMethod[] },
  name: string,
  handlers: () => object,
  corpus: readonly Uint8Array[],
): Target {
  const desc = service.methods.find((m) => m.localName === name) as DescMethod;
  const { requestDeserialize, responseSerialize } = methodDefinition(desc, 'server');
  return {
    name: `request ${desc.name}`,
    corpus,
    maxBytes: 16_384,
    share: 0.3,
    episode: 100,
    open: () => {
      const handler = (handlers() as Record<string, Handler>)[name] as Handler;
      return async (bytes) => {
        const request = requestDeserialize(Buffer.from(bytes));
        if (request instanceof Undecodable) return false;
        try {
          validate(desc.input, request as never);
          for (const reply of await call(handler, streamsIn(desc) ? once(request) : request)) {
            responseSerialize(reply);
            must((reply as { refused?: { code?: number } }).refused?.code !== INTERNAL, 'a refusal that says what is wrong');
          }
          return true;
        } catch (e) {
          must(e instanceof BursarError, `an error of ours: ${e instanceof Error ? e.stack : e}`);
          must(e.reason !== 'INTERNAL', `an error that says what is wrong: ${e.cause instanceof Error ? e.cause.stack : e.cause}`);
          return false;
        }
      };
    },
  };
}

const nowhere = { append: () => {}, sync: async () => {}, rotate: () => 1, dropBefore: async () => {}, bytes: 0 };
const result: p.TransactionResult = {
  kind: 'transaction',
  transaction: p.transactionId((s.transactions[0] as p.SignedTransaction).body),
  code: 0,
  consumed: true,
  height: 2,
  index: 0,
  items: [],
};
function transactionsOf() {
  const outcomes = new Outcomes(1, { heights: 8, results: 1_000, watchers: 64 });
  const journal = new Journal(nowhere, { compactBytes: 1e9, onFailure: () => {} });
  const mempool = new Mempool({ maxCount: 64, maxBytes: 1e6, maxHeld: 64 });
  const checked = (encoded: Uint8Array) => verifyTransaction(s.chain, encoded);
  const intake = new Intake({
    clock: { now: () => s.START_MS },
    verify: {
      transaction: async (encoded) => checked(encoded),
      transactions: async (all) => all.map(checked),
      batch: () => Promise.reject(new Error('no batch here')),
    },
    mempool,
    journal,
    outcomes,
    onPending: () => {},
    onOutcome: () => {},
    isShort: () => false,
  });
  return transactionsHandlers(intake, {
    outcomes,
    storage: {
      transaction: async (asked) => (asked === result.transaction ? { result, provable: true, certificateKind: 'commit' } : undefined),
    },
    isPending: () => false,
  });
}
const [tx] = s.transactions as [p.SignedTransaction];
const id = Buffer.from(p.transactionId(tx.body), 'hex');
type In<M extends { input: unknown }> = M['input'] extends infer D
  ? D extends Parameters<typeof create>[0]
    ? MessageInitShape<D>
    : never
  : never;
export function bytesOf<M extends { readonly input: Parameters<typeof create>[0] }>(m: M, init: In<M>): Uint8Array {
  return toBinary(m.input, create(m.input, init as never) as MessageShape<M['input']>);
}
const T = transactions.Transactions.method;
const ofTransactions: Target[] = [
  method(
    transactions.Transactions,
    'submit',
    transactionsOf,
    s.transactions.map((t) => bytesOf(T.submit, t)),
  ),
  method(transactions.Transactions, 'submitBatch', transactionsOf, [bytesOf(T.submitBatch, { transactions: s.transactions.slice(0, 3) })]),
  method(transactions.Transactions, 'wait', transactionsOf, [bytesOf(T.wait, { transactionId: id })]),
  method(transactions.Transactions, 'waitBatch', transactionsOf, [bytesOf(T.waitBatch, { transactionIds: [id, id] })]),
  method(transactions.Transactions, 'watch', transactionsOf, [bytesOf(T.watch, { transactionId: id })]),
  method(
    transactions.Transactions,
    'follow',
    transactionsOf,
    s.transactions.map((t) => bytesOf(T.follow, t)),
  ),
];

/** A ledger that knows one account, one import and one disbursement. */
const answers = {
  getAccount: async () => ({ balance: 1n, nextNonce: 3n, height: 1n }),
  getImport: async () => ({ state: 'sealed', approvals: [], counts: { voting: 1n }, treasury: Buffer.from(s.treasury, 'hex'), height: 1n }),
  getDisbursement: async ({ disbursement }: { readonly disbursement: Uint8Array }) => {
    if ((disbursement[0] ?? 0) % 2 === 1) throw rejection('UnknownDisbursement');
    return { disbursement: { body: p.encode(p.disbursementBody, s.bodies[0] as p.DisbursementBody) }, height: 1n };
  },
};
const connection = {
  validators: [],
  read: async (ask: (l: typeof answers) => unknown) => ask(answers),
  saw: () => {},
  close: () => {},
} as unknown as Connection;
const treasuryOf = () =>
  treasuryHandlers({
    chain: s.chain,
    treasury: s.treasury,
    treasuryAccounts: [p.treasuryAccount(s.treasury)],
    connection,
    blocks: new Bell(),
    pollMs: 5,
  });
const key = Buffer.from(s.actors[0] ?? '', 'hex');
const payment = {
  clientKey: 'a',
  destination: p.formatAccount(s.bodies[0]?.destination ?? ''),
  amount: 5n,
  lane: 'consumer',
  notBeforeMs: 0n,
  dependsOn: ['b'],
  memo: 'm',
};
const Y = treasury.Treasury.method;
const ofTreasury: Target[] = [
  method(treasury.Treasury, 'prepareImport', treasuryOf, [
    bytesOf(Y.prepareImport, { proposer: key, payments: [payment, { ...payment, clientKey: 'b', dependsOn: [] }] }),
  ]),
  method(treasury.Treasury, 'prepareApproval', treasuryOf, [bytesOf(Y.prepareApproval, { approver: key, import: id })]),
  method(treasury.Treasury, 'prepareCancel', treasuryOf, [bytesOf(Y.prepareCancel, { signer: key, disbursement: id.map((b) => b & 254) })]),
  method(treasury.Treasury, 'watchImport', treasuryOf, [bytesOf(Y.watchImport, { import: id })]),
];

export const services: readonly Target[] = [...ofTransactions, ...ofTreasury];
