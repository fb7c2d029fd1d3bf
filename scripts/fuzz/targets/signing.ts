/** Requests to the signer, each on a stream of its own, against a record in memory. */
import { signingHandlers } from '../../../apps/crypto-signing/src/adapters/signing-service.ts';
import { evidenceSigner } from '../../../apps/crypto-signing/src/core/sign-evidence.ts';
import { Signer } from '../../../apps/crypto-signing/src/core/signer.ts';
import { signingMetrics } from '../../../apps/crypto-signing/src/metrics.ts';
import { keyPairFromSeed, sign, verify } from '../../../libs/crypto/src/index.ts';
import { SigningRecord } from '../../../libs/pbft/src/index.ts';
import { signing } from '../../../libs/protocol/src/rpc.ts';
import * as s from '../samples.ts';
import type { Target } from '../target.ts';
import { bytesOf, method } from './services.ts';

const nowhere = { append: () => {}, sync: async () => {}, rotate: () => 1, dropBefore: async () => {} };
const keys = keyPairFromSeed(new Uint8Array(32).fill(1));
const metrics = signingMetrics();

function signingOf() {
  const record = new SigningRecord();
  const signHash = (hash: Uint8Array) => sign(keys.secretKey, hash);
  const verifyHash = (hash: Uint8Array, signature: Uint8Array) => verify(keys.publicKey, hash, signature);
  const { chain } = s;
  const signer = new Signer({ chain, validator: 0, record, log: nowhere, sign: signHash, verify: verifyHash });
  const reporter = Buffer.from(keys.publicKey).toString('hex');
  const signEvidence = evidenceSigner({ genesis: s.genesis, chain, reporter, record, sign: signHash });
  return signingHandlers(signer, keys.publicKey, metrics, signEvidence);
}

const M = signing.Signing.method;
const ballot = { epoch: 0, height: 7n, view: 1n, digest: new Uint8Array(32).fill(3) };
const batch = { number: 3n, digest: ballot.digest, bytes: 400, transactions: 1, expiresAtMs: 60_000n, finalTimeMs: 1n };
const call = { id: 1n, traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`, tracestate: 'a=b' };
const purposes = [
  { case: 'prepare', value: ballot },
  { case: 'commit', value: ballot },
  { case: 'viewChange', value: ballot },
  { case: 'newView', value: ballot },
  { case: 'batch', value: batch },
  { case: 'evidence', value: new Uint8Array(200) },
] as const;

export const signer: readonly Target[] = [
  method(
    signing.Signing,
    'sign',
    signingOf,
    purposes.map((purpose) => bytesOf(M.sign, { call, purpose })),
  ),
  method(signing.Signing, 'reconcile', signingOf, [
    bytesOf(M.reconcile, { known: [{ ballot, phase: 'prepare', signature: new Uint8Array(64) }] }),
  ]),
];
