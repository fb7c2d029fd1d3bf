/** Genuine values of every kind, on one small chain: what mutation starts from. */

import { create, toBinary } from '@bufbuild/protobuf';
import {
  approvers,
  chain,
  genesis,
  importOf,
  key,
  policy as numberedPolicy,
  payee,
  proposer,
  treasury,
  validators,
} from '../../libs/client/test/support/proven-payment.ts';
import { ed25519 } from '../../libs/crypto/src/index.ts';
import { genesisSet, leaderOf, leaderOrder, nextBeacon, startSchedule, toBitmap } from '../../libs/membership/src/index.ts';
import {
  type Action,
  type Batch,
  type BatchRef,
  type Block,
  batchCodec,
  batchDigest,
  batchHash,
  batchRefsDigest,
  type Certificate,
  certificateDigest,
  type DisbursementBody,
  encode,
  encodeTransaction,
  evidenceOf,
  type Header,
  headerDigest,
  type Message,
  newViewDigest,
  type Phase,
  type SignedTransaction,
  type SignedVote,
  type Statement,
  signedTransaction,
  transactionHash,
  type ViewChange,
  type Vote,
  viewChangeDigest,
  ZERO_DIGEST,
} from '../../libs/protocol/src/index.ts';
import { wire } from '../../libs/protocol/src/rpc.ts';

export { chain, genesis, numberedPolicy, treasury, validators };

const { policy } = numberedPolicy;
export const set = genesisSet(genesis);
export const START_MS = genesis.time + 60_000;
export const hex = (n: number): string => n.toString(16).padStart(64, '0');

export const voteOf = (phase: Phase, height: number, view: number, digest: string): Vote => ({
  chain,
  epoch: 0,
  height,
  view,
  phase,
  digest,
});
/** Says yes to every other signature: those of the samples, and half of the others, so that both ways go deep. */
export const coin = { verify: (_key: Uint8Array, _message: Uint8Array, signature: Uint8Array): boolean => ((signature[0] ?? 0) & 1) === 1 };
export const signatureOf = (validator: number): Uint8Array => new Uint8Array(64).fill(2 * validator + 1);
export const signedVoteOf = (validator: number, vote: Vote): SignedVote => ({ vote, validator, signature: signatureOf(validator) });
const statementOf = (phase: Phase, view: number, digest: string, content?: ViewChange): Statement => {
  const { signature } = signedVoteOf(2, voteOf(phase, 2, view, digest));
  return { phase, view, digest, signature, content };
};
const forgetful: ViewChange = { lastVote: undefined, prepared: undefined };
export const evidence = evidenceOf(
  2,
  0,
  2,
  statementOf('prepare', 0, hex(3)),
  statementOf('view-change', 1, viewChangeDigest(forgetful), forgetful),
);

export const bodies: DisbursementBody[] = [
  {
    treasury,
    clientKey: 'a',
    destination: payee,
    amount: 1n,
    lane: 'consumer',
    notBefore: 0,
    dependsOn: [],
    memo: '',
    payee: undefined,
    expectedReceipts: [],
    revision: 0,
    reverses: undefined,
  },
  {
    treasury,
    clientKey: 'ä-2',
    destination: payee,
    amount: 2n ** 64n - 1n,
    lane: 'industrial',
    notBefore: START_MS,
    dependsOn: [hex(1), hex(2)],
    memo: 'November €',
    payee: { name: 'Ácme', version: 2 },
    expectedReceipts: [{ reference: 'invoice 7', amount: 2n ** 64n - 1n }],
    revision: 1,
    reverses: undefined,
  },
];
export const actions: Action[] = [
  { kind: 'transfer', to: payee, amount: 5n, memo: 'rent' },
  { kind: 'importChunk', treasury, import: importOf(bodies), index: 0, items: bodies },
  { kind: 'importSeal', treasury, import: importOf(bodies), chunks: 1, count: 2 },
  { kind: 'approve', treasury, import: importOf(bodies) },
  { kind: 'cancel', treasury, disbursement: hex(7) },
  { kind: 'lease', shard: 0, request: 'acquire' },
  {
    kind: 'executeBatch',
    shard: 0,
    leaseEpoch: 1n,
    lane: 'consumer',
    seq: 1n,
    expiresAt: START_MS,
    items: [{ id: hex(1), bodyHash: hex(2), attempt: 1 }],
  },
  { kind: 'pause', treasury, number: 1 },
  { kind: 'resume', treasury, number: 1 },
  { kind: 'evidence', evidence },
  {
    kind: 'proposeChange',
    treasury,
    version: 1,
    change: { kind: 'payee', name: 'Ácme', details: { reference: 'DE75512108001245126199', account: payee } },
  },
  { kind: 'proposeChange', treasury, version: 1, change: { kind: 'policy', policy } },
  { kind: 'approveChange', treasury, change: hex(8) },
  { kind: 'cancelChange', treasury, change: hex(8) },
  { kind: 'hold', treasury, disbursement: hex(7), number: 1 },
  { kind: 'release', treasury, disbursement: hex(7), number: 1 },
];
const signers = [proposer, ...approvers, key('executor')];
export const actors: string[] = signers.map((k) => k.publicKey);
export function signed(action: Action, nonce = 0n, by = proposer): SignedTransaction {
  const body = encodeTransaction({ chain, signer: by.publicKey, nonce, action });
  return { body, signature: ed25519.sign(by.secretKey, transactionHash(body)) };
}
export const transactions: SignedTransaction[] = actions.map((a, i) => signed(a, 0n, signers[i % signers.length]));

export const batch: Batch = {
  chain,
  origin: 1,
  number: 1,
  expiresAt: START_MS + 60_000,
  entries: transactions.slice(0, 2).map((t) => ({
    transaction: encode(signedTransaction, t),
    traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    tracestate: 'vendor=1',
  })),
};
export const encodedBatch = encode(batchCodec, batch);
export const ref: BatchRef = {
  origin: batch.origin,
  number: batch.number,
  digest: batchDigest(encodedBatch),
  bytes: encodedBatch.length,
  transactions: batch.entries.length,
  expiresAt: batch.expiresAt,
};

export const batchSignature = ed25519.sign((validators[ref.origin] as { secretKey: Uint8Array }).secretKey, batchHash(chain, ref));
export const batchMessage = toBinary(
  wire.BatchMessageSchema,
  create(wire.BatchMessageSchema, { batch: encodedBatch, signature: batchSignature }),
);

const schedule = startSchedule(chain);
/** As the first height of the chain needs it: its leader and its beacon. */
const opening = { proposer: leaderOf(leaderOrder(set, schedule, 1), 0), beacon: nextBeacon(schedule.beacon, 1) };
const headerOf = (height: number, change: Partial<Header> = {}): Header => ({
  version: 1,
  chain,
  epoch: 0,
  height,
  view: 0,
  proposer: 1,
  time: START_MS + height,
  parent: height === 1 ? chain : hex(height),
  certificate: ZERO_DIGEST,
  stateRoot: hex(11),
  resultsRoot: hex(12),
  beacon: hex(13),
  proofVersion: 0,
  proof: new Uint8Array(),
  skipped: new Uint8Array(1),
  nextValidators: set.hash,
  batches: batchRefsDigest([]),
  ...change,
});
export function certificateOf(kind: Certificate['kind'], height: number, view: number, digest: string): Certificate {
  const by = kind === 'fast' ? [0, 1, 2, 3] : [0, 1, 2];
  const vote = voteOf(kind === 'commit' ? 'commit' : 'prepare', height, view, digest);
  const signatures = by.map((i) => signedVoteOf(i, vote).signature);
  return { kind, chain, epoch: 0, height, view, digest, signers: toBitmap(by, 4), signatures };
}

/** Height 1, empty; height 2 with a batch, and the certificate that its header names. */
export const first: Block = { header: headerOf(1, opening), batches: [] };
export const firstCertificate = certificateOf('commit', 1, 0, headerDigest(first.header));
export const second: Block = {
  header: headerOf(2, {
    parent: headerDigest(first.header),
    certificate: certificateDigest(firstCertificate),
    batches: batchRefsDigest([ref]),
  }),
  batches: [ref],
};
export const secondCertificate = certificateOf('fast', 2, 0, headerDigest(second.header));

/** One message of each kind of that height and view, each by a validator of its own. */
export function messagesOf(block: Block, certificate: Certificate | undefined, view = block.header.view): Message[] {
  const { height } = block.header;
  const digest = headerDigest(block.header);
  const content = { lastVote: { view, digest }, prepared: certificateOf('prepared', height, view, digest) };
  const change = viewChangeDigest(content);
  const next = { viewChanges: [0, 1, 2].map((validator) => ({ validator, digest: change })) };
  return [
    { kind: 'pre-prepare', vote: signedVoteOf(block.header.proposer, voteOf('prepare', height, view, digest)), block, certificate },
    { kind: 'prepare', vote: signedVoteOf(2, voteOf('prepare', height, view, digest)) },
    { kind: 'commit', vote: signedVoteOf(3, voteOf('commit', height, view, digest)) },
    { kind: 'view-change', vote: signedVoteOf(2, voteOf('view-change', height, view + 1, change)), content },
    { kind: 'new-view', vote: signedVoteOf(2, voteOf('new-view', height, view + 1, newViewDigest(next))), content: next },
  ];
}
export const messages: Message[] = [...messagesOf(first, undefined), ...messagesOf(second, firstCertificate)];

/** What a height can hear: each vote of each validator in two views, for two blocks. */
const rivals: Block[] = [first, { header: { ...first.header, time: first.header.time + 1 }, batches: [] }];
export const everyMessage: Message[] = rivals
  .flatMap((block) => [0, 1].flatMap((view) => messagesOf(block, undefined, view)))
  .flatMap((m): Message[] =>
    m.kind === 'pre-prepare' || m.kind === 'new-view'
      ? [m]
      : set.validators.map(({ index }): Message => ({ ...m, vote: signedVoteOf(index, m.vote.vote) })),
  );
