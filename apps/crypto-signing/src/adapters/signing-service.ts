/** bursar.signing.v1.Signing on the core. */
import type { VoteRow } from '@bursar/pbft';
import { DecodeError, decode, type Evidence, evidence, fromHex, type Phase, toHex } from '@bursar/protocol';
import type { signing } from '@bursar/protocol/rpc';
import { answerCalls, type Handlers, rejection } from '@bursar/shared-core';
import type { Ballot, Signer } from '../core/signer.ts';
import type { Purpose, SigningMetrics } from '../metrics.ts';

/** Requests that are at work together share one fsync. */
const AT_ONCE = 64;

/** Heights and views are numbers inside; protovalidate does not bound them. */
function small(field: string, v: bigint): number {
  if (v > BigInt(Number.MAX_SAFE_INTEGER))
    throw rejection('FieldInvalid', `${field} is above 2^53 - 1`, { violations: [{ field, description: 'at most 2^53 - 1' }] });
  return Number(v);
}

function ballotOf(b: signing.Ballot, phase: Phase): Ballot {
  return { epoch: b.epoch, height: small('ballot.height', b.height), view: small('ballot.view', b.view), phase, digest: toHex(b.digest) };
}

function claimOf(c: signing.BatchClaim): Parameters<Signer['signBatch']> {
  const { bytes, transactions } = c;
  const claim = { number: small('number', c.number), digest: toHex(c.digest), bytes, transactions };
  return [{ ...claim, expiresAt: small('expires_at_ms', c.expiresAtMs) }, small('final_time_ms', c.finalTimeMs)];
}

function rowOf({ ballot, phase, signature }: signing.Signed): VoteRow {
  if (signature.length !== 64)
    throw rejection('FieldInvalid', 'a signature has 64 bytes', { violations: [{ field: 'known.signature', description: '64 bytes' }] });
  if (!ballot) throw rejection('FieldInvalid', 'ballot is missing', { violations: [{ field: 'known.ballot', description: 'required' }] });
  return { kind: 'vote', ...ballotOf(ballot, phase as Phase), signature };
}

function evidenceIn(bytes: Uint8Array): Evidence {
  try {
    return decode(evidence, bytes);
  } catch (e) {
    throw rejection('EvidenceInvalid', e instanceof DecodeError ? e.message : undefined);
  }
}

const signedOf = (row: VoteRow) => ({
  ballot: { epoch: row.epoch, height: BigInt(row.height), view: BigInt(row.view), digest: fromHex(row.digest) },
  phase: row.phase,
  signature: row.signature,
});

export function signingHandlers(
  signer: Signer,
  publicKey: Uint8Array,
  metrics: SigningMetrics,
  signEvidence: (evidence: Evidence) => Uint8Array,
): Handlers<(typeof signing.Signing)['method']> {
  const sign = ({ purpose }: signing.SignRequest): readonly [Purpose, () => Promise<Uint8Array> | Uint8Array] => {
    switch (purpose.case) {
      case 'prepare':
      case 'commit':
        return [purpose.case, () => signer.signVote(ballotOf(purpose.value, purpose.case))];
      case 'viewChange':
        return ['view-change', () => signer.signVote(ballotOf(purpose.value, 'view-change'))];
      case 'newView':
        return ['new-view', () => signer.signVote(ballotOf(purpose.value, 'new-view'))];
      case 'batch':
        return ['batch', () => signer.signBatch(...claimOf(purpose.value))];
      case 'evidence':
        return ['evidence', () => signEvidence(evidenceIn(purpose.value))];
      case undefined:
        throw rejection('FieldInvalid', 'purpose is missing', { violations: [{ field: 'purpose', description: 'required' }] });
    }
  };
  return {
    getPublicKey: async () => ({ publicKey }),
    sign: answerCalls({ name: 'bursar.signing.v1.Signing/Sign', most: AT_ONCE }, async (request: signing.SignRequest) => {
      const started = performance.now();
      const [purpose, make] = sign(request);
      try {
        const signature = await make();
        metrics.onSigned(purpose, performance.now() - started);
        return { signature };
      } catch (e) {
        metrics.onRefused(purpose);
        throw e;
      }
    }),
    listSigned: async (r) => ({ rows: (await signer.listSigned(small('from_height', r.fromHeight))).map(signedOf) }),
    async reconcile(r) {
      await signer.reconcile(r.known.map(rowOf));
      return {};
    },
  };
}
