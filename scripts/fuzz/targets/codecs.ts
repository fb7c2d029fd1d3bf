/** Canonical bytes: what decodes encodes to the same bytes, and nothing but DecodeError refuses (docs/protocol.md, "Canonical bytes"). */
import { journalRecord } from '../../../apps/consensus/src/core/journal-record.ts';
import { storedBlock } from '../../../apps/storage/src/core/stored-block.ts';
import { journalRecord as executorRecord } from '../../../libs/executor/src/index.ts';
import { logRecord, proposalCodec } from '../../../libs/pbft/src/index.ts';
import { rowCodec } from '../../../libs/pbft/src/signing-row.ts';
import * as p from '../../../libs/protocol/src/index.ts';
import * as s from '../samples.ts';
import { must, refusedBy, type Target } from '../target.ts';

/** A codec and samples of its values. */
function canonical<T>(name: string, codec: p.Codec<T>, samples: readonly NoInfer<T>[], share = 2): Target {
  return {
    name: `codec ${name}`,
    corpus: samples.map((v) => p.encode(codec, v)),
    maxBytes: 16_384,
    share,
    open: () => (bytes) => {
      const value = refusedBy(() => ({ decoded: p.decode(codec, bytes) }), p.DecodeError);
      if (value === undefined) return false;
      must(p.equalBytes(p.encode(codec, value.decoded), bytes), 'what decodes encodes to the same bytes');
      return true;
    },
  };
}

const vote = s.voteOf('commit', 2, 1, s.hex(3));
const signedVote = { vote, validator: 3, signature: new Uint8Array(64).fill(7) };
const traced = { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01', tracestate: 'a=1' };
const results: p.Result[] = [
  { kind: 'transaction', transaction: s.hex(1), code: 0, consumed: true, height: 2, index: 0, items: [0, 7106] },
  {
    kind: 'payment',
    disbursement: s.hex(1),
    bodyHash: s.hex(2),
    import: s.hex(3),
    policy: s.hex(6),
    from: s.hex(4),
    to: s.hex(5),
    amount: 6n,
    height: 7,
    time: 8,
    transaction: s.hex(9),
    leaseEpoch: 1n,
    seq: 2n,
    attempt: 3,
  },
];
const viewChange: p.ViewChange = { lastVote: { view: 1, digest: s.hex(1) }, prepared: s.certificateOf('prepared', 2, 1, s.hex(1)) };
const newView: p.NewView = { viewChanges: [0, 2].map((validator) => ({ validator, digest: s.hex(validator) })) };
const [firstTransaction] = s.transactions as [p.SignedTransaction];
const encodedTransaction = p.encode(p.signedTransaction, firstTransaction);

/** One for each codec that the package exports, under its name (a test compares the two lists), and for those of the logs. */
const ofProtocol: Target[] = [
  canonical('u8', p.u8, [0, 255]),
  canonical('u16', p.u16, [0, 65_535]),
  canonical('u32', p.u32, [0, 2 ** 32 - 1]),
  canonical('u64', p.u64, [0n, 2n ** 64n - 1n]),
  canonical('uint', p.uint, [0, Number.MAX_SAFE_INTEGER]),
  canonical('bool', p.bool, [true, false]),
  canonical('hex32', p.hex32, [s.hex(1)]),
  canonical('signature', p.signature, [new Uint8Array(64)]),
  canonical('phase', p.phase, ['prepare', 'new-view']),
  canonical('batchCodec', p.batchCodec, [s.batch, { ...s.batch, entries: [] }], 2),
  canonical('batchEntry', p.batchEntry, s.batch.entries),
  canonical('batchRef', p.batchRef, [s.ref]),
  canonical('batchRefs', p.batchRefs, [[], [s.ref, { ...s.ref, number: 2 }]]),
  canonical('header', p.header, [s.first.header, { ...s.second.header, proof: new Uint8Array(80) }], 2),
  canonical('block', p.block, [s.first, s.second], 2),
  canonical('disbursementBody', p.disbursementBody, s.bodies, 2),
  canonical(
    'packedBody',
    p.packedBody,
    s.bodies.map((b) => p.encode(p.disbursementBody, b)),
  ),
  canonical('genesisCodec', p.genesisCodec, [s.genesis], 2),
  canonical(
    'approvalPolicy',
    p.approvalPolicy,
    s.genesis.treasuries.map((t) => t.approval),
  ),
  canonical(
    'paymentLimits',
    p.paymentLimits,
    s.genesis.treasuries.map((t) => t.limits),
  ),
  canonical(
    'treasuryPolicy',
    p.treasuryPolicy,
    s.genesis.treasuries.map((t) => t),
  ),
  canonical('numberedPolicy', p.numberedPolicy, [s.numberedPolicy]),
  canonical(
    'change',
    p.change,
    s.actions.flatMap((a) => (a.kind === 'proposeChange' ? [a.change] : [])),
  ),
  canonical('payeeDetails', p.payeeDetails, [{ reference: '', account: s.hex(1) }]),
  canonical('message', p.message, s.messages, 8),
  canonical('viewChange', p.viewChange, [viewChange, { lastVote: undefined, prepared: undefined }], 2),
  canonical('newView', p.newView, [newView], 2),
  canonical('result', p.result, results, 2),
  canonical('signedTransaction', p.signedTransaction, s.transactions, 2),
  canonical(
    'transactionCodec',
    p.transactionCodec,
    s.transactions.map((t) => p.decodeTransaction(t.body)),
    4,
  ),
  canonical('certificate', p.certificate, [s.firstCertificate, s.secondCertificate], 2),
  canonical('signedVote', p.signedVote, [signedVote], 2),
  canonical('vote', p.vote, [vote]),
  canonical('statement', p.statement, [s.evidence.first, s.evidence.second]),
  canonical('evidence', p.evidence, [s.evidence], 2),
  canonical('text', p.text(64), ['', 'tä\u{1f600}xt'], 2),
  canonical('optional list', p.optional(p.list(p.bytes(16), 8)), [undefined, [], [new Uint8Array(3), new Uint8Array()]]),
];

const { block, certificate } = { block: s.second, certificate: s.firstCertificate };
const ofLogs: Target[] = [
  canonical(
    'proposal',
    proposalCodec,
    [
      { block, certificate },
      { block: s.first, certificate: undefined },
    ],
    2,
  ),
  canonical(
    'pbft log record',
    logRecord,
    [
      { kind: 'proposal', height: 2, view: 0, block, certificate },
      { kind: 'intent', vote: s.voteOf('view-change', 2, 1, s.hex(3)), viewChange, newView },
      { kind: 'signed', vote, signature: new Uint8Array(64) },
      { kind: 'prepared', certificate },
      { kind: 'evidence', message: s.messages[3] as p.Message },
      { kind: 'final', block, certificate: s.secondCertificate },
      { kind: 'floor', height: 2, block: s.hex(1) },
    ],
    4,
  ),
  canonical(
    'consensus journal record',
    journalRecord,
    [
      { kind: 'engine', record: p.encode(logRecord, { kind: 'prepared', certificate }) },
      { kind: 'transactions', entries: [{ transaction: encodedTransaction, ...traced }] },
      { kind: 'own', batch: s.encodedBatch },
      { kind: 'body', batch: s.encodedBatch, signature: new Uint8Array(64) },
      { kind: 'done', ids: [s.hex(1), s.hex(2)] },
    ],
    2,
  ),
  canonical(
    'executor journal record',
    executorRecord,
    [
      { kind: 'intent', body: firstTransaction.body, signature: firstTransaction.signature, traceparent: traced.traceparent },
      { kind: 'done', transaction: s.hex(1), ending: 'applied', height: 3 },
    ],
    2,
  ),
  canonical(
    'signer row',
    rowCodec,
    [
      { kind: 'vote', epoch: 0, height: 2, view: 1, phase: 'commit', digest: s.hex(1), signature: new Uint8Array(64) },
      { kind: 'batch', number: 1, digest: s.hex(1), expiresAt: 9, signature: new Uint8Array(64) },
      { kind: 'floor', height: 2, number: 1, time: 5 },
      { kind: 'behind', behind: true },
    ],
    2,
  ),
  canonical(
    'stored block',
    storedBlock,
    [
      {
        block: p.encode(p.block, block),
        certificate: p.encode(p.certificate, s.secondCertificate),
        batches: [s.encodedBatch],
        results: p.ByteList.from(results.map((r) => p.encode(p.result, r))),
        stateRoot: s.hex(1),
        resultsRoot: s.hex(2),
        outbox: traced,
      },
    ],
    2,
  ),
];

export const codecs: readonly Target[] = [...ofProtocol, ...ofLogs];
