import { createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import {
  type Certificate,
  checkEvidence,
  contradiction,
  decode,
  type Evidence,
  type EvidenceContext,
  encode,
  encodeTransaction,
  evidence,
  evidenceDigest,
  evidenceKind,
  evidenceKinds,
  evidenceOf,
  type Phase,
  type Statement,
  toHex,
  transactionId,
  type ViewChange,
  viewChangeDigest,
  voteHash,
  voteOf,
} from '../src/index.ts';

const id = (n: number): string => n.toString(16).padStart(64, '0');
const A = id(10);
const B = id(11);
const chain = id(1);
const HEIGHT = 7;

/** Node's own ed25519: the check does not depend on whose it is. */
const keyOf = (n: number): KeyObject => {
  const seed = Buffer.alloc(32, n);
  return createPrivateKey({
    key: Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed]),
    format: 'der',
    type: 'pkcs8',
  });
};
const publicKey = (n: number): Uint8Array => createPublicKey(keyOf(n)).export({ format: 'der', type: 'spki' }).subarray(-32);
const spki = (raw: Uint8Array) =>
  createPublicKey({ key: Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), raw]), format: 'der', type: 'spki' });
const context: EvidenceContext = {
  chain,
  epoch: 0,
  publicKey: (validator) => (validator < 4 ? publicKey(validator + 1) : undefined),
  verify: (key, hash, signature) => verify(null, hash, spki(key), signature),
};

const vote = (phase: Phase, view: number, digest: string, content?: ViewChange): Statement => ({
  phase,
  view,
  digest,
  signature: new Uint8Array(64),
  content,
});
const preparedAt = (view: number, digest: string): Certificate => ({
  kind: 'prepared',
  chain,
  epoch: 0,
  height: HEIGHT,
  view,
  digest,
  signers: new Uint8Array([7]),
  signatures: [1, 2, 3].map((n) => new Uint8Array(64).fill(n)),
});
const left = (view: number, content: Partial<ViewChange> = {}): Statement => {
  const whole: ViewChange = { lastVote: undefined, prepared: undefined, ...content };
  return vote('view-change', view, viewChangeDigest(whole), whole);
};

describe('K6 what contradicts what, by one validator at one height', () => {
  const rows: [sentence: string, Statement, Statement, kind: (typeof evidenceKinds)[number] | undefined][] = [
    ['two Prepares of one view for two blocks', vote('prepare', 2, A), vote('prepare', 2, B), 'double-prepare'],
    ['two Commits of one view for two blocks', vote('commit', 2, A), vote('commit', 2, B), 'double-commit'],
    ['two ViewChanges into one view', left(2), left(2, { lastVote: { view: 0, digest: A } }), 'double-view-change'],
    ['two NewViews of one view', vote('new-view', 2, A), vote('new-view', 2, B), 'double-new-view'],
    ['a ViewChange that hides a Prepare', vote('prepare', 1, A), left(2), 'forgotten-prepare'],
    [
      'a ViewChange whose lastVote is older than a Prepare',
      vote('prepare', 1, A),
      left(2, { lastVote: { view: 0, digest: A } }),
      'forgotten-prepare',
    ],
    [
      'a ViewChange whose lastVote names another block in the view of the Prepare',
      vote('prepare', 1, A),
      left(2, { lastVote: { view: 1, digest: B } }),
      'forgotten-prepare',
    ],
    [
      'a ViewChange without the PreparedCert of a Commit',
      vote('commit', 1, A),
      left(2, { lastVote: { view: 1, digest: A } }),
      'forgotten-commit',
    ],
    [
      'a ViewChange whose PreparedCert is older than a Commit',
      vote('commit', 1, A),
      left(3, { prepared: preparedAt(0, A) }),
      'forgotten-commit',
    ],
    [
      'a ViewChange whose PreparedCert is of another block in the view of the Commit',
      vote('commit', 1, A),
      left(3, { prepared: preparedAt(1, B) }),
      'forgotten-commit',
    ],

    ['the same Prepare twice: sent again', vote('prepare', 2, A), vote('prepare', 2, A), undefined],
    ['Prepare and Commit of one view for one block', vote('prepare', 2, A), vote('commit', 2, A), undefined],
    [
      'Prepare and Commit of one view for two blocks: a quorum may have prepared the other',
      vote('prepare', 2, A),
      vote('commit', 2, B),
      undefined,
    ],
    ['Prepares of two views for two blocks', vote('prepare', 2, A), vote('prepare', 3, B), undefined],
    ['ViewChanges into two views', left(2), left(3, { lastVote: { view: 0, digest: A } }), undefined],
    ['a ViewChange that remembers the Prepare', vote('prepare', 1, A), left(2, { lastVote: { view: 1, digest: A } }), undefined],
    ['a ViewChange that remembers a later Prepare', vote('prepare', 0, A), left(2, { lastVote: { view: 1, digest: B } }), undefined],
    ['a Prepare in the view that the ViewChange entered', vote('prepare', 2, A), left(2), undefined],
    ['a Prepare in a later view', vote('prepare', 3, A), left(2), undefined],
    ['a Commit in the view that the ViewChange entered', vote('commit', 2, A), left(2), undefined],
    ['a ViewChange that shows the PreparedCert of the Commit', vote('commit', 1, A), left(2, { prepared: preparedAt(1, A) }), undefined],
    ['a ViewChange that shows a later PreparedCert', vote('commit', 0, A), left(3, { prepared: preparedAt(2, B) }), undefined],
    ['a NewView beside a ViewChange of its view', vote('new-view', 2, A), left(2), undefined],
    ['a NewView of a view that was left', vote('new-view', 1, A), left(2), undefined],
    ['a ViewChange whose content is not shown', vote('prepare', 1, A), vote('view-change', 2, B), undefined],
  ];
  it.each(rows)('%s', (_, a, b, kind) => {
    expect([contradiction(a, b), contradiction(b, a)]).toEqual([kind, kind]);
    if (kind === undefined) return;
    const made = evidenceOf(1, 0, HEIGHT, a, b);
    expect(made).toEqual(evidenceOf(1, 0, HEIGHT, b, a));
    expect(evidenceKind(made)).toBe(kind);
    expect(decode(evidence, encode(evidence, made))).toEqual(made);
  });
  it('every kind stands in the table', () => {
    expect([...new Set(rows.flatMap(([, , , kind]) => kind ?? []))].sort()).toEqual([...evidenceKinds].sort());
  });
});

const signedBy = (validator: number, s: Statement): Statement => ({
  ...s,
  signature: sign(null, voteHash(voteOf(chain, { epoch: 0, height: HEIGHT } as Evidence, s)), keyOf(validator + 1)),
});
const double = evidenceOf(1, 0, HEIGHT, signedBy(1, vote('prepare', 2, A)), signedBy(1, vote('prepare', 2, B)));
const forgotten = evidenceOf(1, 0, HEIGHT, signedBy(1, vote('commit', 1, A)), signedBy(1, left(3, { prepared: preparedAt(0, B) })));

describe('K6 anybody can check evidence with the genesis alone', () => {
  it.each([
    ['double-prepare', double],
    ['forgotten-commit', forgotten],
  ])('genuine: %s', (kind, e) => expect(checkEvidence(e, context)).toBe(kind));

  const rows: [sentence: string, Evidence][] = [
    ['another validator is accused', { ...double, validator: 2 }],
    ['a validator that does not exist is accused', { ...double, validator: 4 }],
    ['another height', { ...double, height: HEIGHT + 1 }],
    ['height 0', { ...double, height: 0 }],
    ['another epoch', { ...double, epoch: 1 }],
    ['the first signature is of somebody else', { ...double, first: signedBy(2, double.first) }],
    ['the second signature is of somebody else', { ...double, second: signedBy(2, double.second) }],
    ['the same statement twice', { ...double, second: double.first }],
    ['another view', { ...double, first: { ...double.first, view: 3 }, second: { ...double.second, view: 3 } }],
    ['the smaller digest stands second', { ...double, first: double.second, second: double.first }],
    ['a content that nobody needs', { ...double, first: { ...double.first, content: { lastVote: undefined, prepared: undefined } } }],
    ['the ViewChange stands first', { ...forgotten, first: forgotten.second, second: forgotten.first }],
    ['the content is missing', { ...forgotten, second: { ...forgotten.second, content: undefined } }],
    [
      'a content that was not signed',
      { ...forgotten, second: { ...forgotten.second, content: { lastVote: undefined, prepared: undefined } } },
    ],
  ];
  it.each(rows)('false: %s', (_, e) => expect(checkEvidence(e, context)).toBeUndefined());
  it('false: made for another chain', () => expect(checkEvidence(double, { ...context, chain: id(2) })).toBeUndefined());
});

describe('published vectors (docs/protocol.md, "Vectors")', () => {
  // Signatures of zeros: the vectors are of bytes and hashes.
  const made = evidenceOf(1, 0, HEIGHT, vote('prepare', 2, A), vote('prepare', 2, B));
  it('evidence, canonical', () =>
    expect(toHex(encode(evidence, made))).toBe(
      `0001${'00000000'}${'0000000000000007'}${`00${'0000000000000002'}${A}${'00'.repeat(64)}00`}${`00${'0000000000000002'}${B}${'00'.repeat(64)}00`}`,
    ));
  it('evidence, digest', () => expect(evidenceDigest(made)).toBe('ddec66116df36ba54427ac76cff1b8945fd07cd737b124316da51cd8e5a1c1c1'));
  it('transaction with it, id', () =>
    expect(transactionId(encodeTransaction({ chain, signer: id(2), nonce: 0n, action: { kind: 'evidence', evidence: made } }))).toBe(
      'ae63e3242a7acfbacc90db04ab42ab16511cccfafa9bd6219c076a6cbfbeacea',
    ));
});
