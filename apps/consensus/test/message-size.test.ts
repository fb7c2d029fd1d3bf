/** C2: every consensus message of a full set fits into 10 KiB, in the bytes that leave. */
import { mostRefs } from '@bursar/pbft';
import type { BatchRef, Block, Certificate, Message, Vote } from '@bursar/protocol';
import { limits } from '@bursar/protocol';
import { describe, expect, it } from '@jest/globals';
import { packMessage } from '../src/core/envelope.ts';
import { headerOf } from './support/header.ts';

const d = (n: number): string => n.toString(16).padStart(64, 'f');
const MAX = Number.MAX_SAFE_INTEGER;
const vote = (phase: Vote['phase']) => ({
  vote: { chain: d(1), epoch: 2 ** 32 - 1, height: MAX, view: 2 ** 40, phase, digest: d(2) },
  validator: 99,
  signature: new Uint8Array(64).fill(255),
});
const certificate = (kind: Certificate['kind'], n: number, signers: number): Certificate => ({
  kind,
  chain: d(1),
  epoch: 2 ** 32 - 1,
  height: MAX,
  view: 2 ** 40,
  digest: d(3),
  signers: new Uint8Array(Math.ceil(n / 8)).fill(255),
  signatures: Array.from({ length: signers }, () => new Uint8Array(64).fill(255)),
});
const ref = (n: number): BatchRef => ({ origin: 99, number: MAX, digest: d(n), bytes: limits.batch, transactions: 4_096, expiresAt: MAX });
const block = (n: number, refs: number): Block => ({
  header: headerOf(d(1), { height: MAX, view: MAX, proposer: 99, time: MAX, skipped: new Uint8Array(Math.ceil(n / 8)).fill(255) }),
  batches: Array.from({ length: refs }, (_, i) => ref(i)),
});
const size = (message: Message): number => packMessage(message, new Uint8Array(16).fill(255), MAX)?.length ?? Number.POSITIVE_INFINITY;

describe.each([4, 7, 31, 67, 100, limits.validators])('with %i validators', (n) => {
  const quorum = n - Math.floor((n - 1) / 3);
  const prePrepare = (c: Certificate): Message => ({
    kind: 'pre-prepare',
    vote: vote('prepare'),
    block: block(n, mostRefs(c)),
    certificate: c,
  });
  const messages: [sentence: string, message: Message][] = [
    [
      'a PrePrepare beside a certificate of a quorum, with all the references that go with it',
      prePrepare(certificate('commit', n, quorum)),
    ],
    ['a PrePrepare beside a certificate of all', prePrepare(certificate('fast', n, n))],
    ['a Commit', { kind: 'commit', vote: vote('commit') }],
    [
      'a ViewChange with a PreparedCert of everybody',
      {
        kind: 'view-change',
        vote: vote('view-change'),
        content: { lastVote: { view: MAX, digest: d(4) }, prepared: certificate('prepared', n, n) },
      },
    ],
    [
      'a NewView that names a ViewChange of everybody',
      {
        kind: 'new-view',
        vote: vote('new-view'),
        content: { viewChanges: Array.from({ length: n }, (_, validator) => ({ validator, digest: d(validator) })) },
      },
    ],
  ];
  it.each(messages)('%s fits', (_, message) => {
    expect(size(message)).toBeLessThanOrEqual(limits.consensusMessage);
  });
  it('and still orders batches', () => {
    expect(mostRefs(certificate('fast', n, n))).toBeGreaterThanOrEqual(n < 100 ? 64 : n === 100 ? 50 : 20);
  });
});

it('the leader leaves room for little more: eight references above its bound do not fit beside a hundred signatures', () => {
  const c = certificate('fast', 100, 100);
  const most = mostRefs(c);
  const at = (refs: number) => size({ kind: 'pre-prepare', vote: vote('prepare'), block: block(100, refs), certificate: c });
  expect(at(most)).toBeLessThanOrEqual(limits.consensusMessage);
  expect(at(most + 8)).toBe(Number.POSITIVE_INFINITY); // the room kept for the rest is not wasted
});
