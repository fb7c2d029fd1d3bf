/** bursar.signing.v1.Signing on the core. */
import type { VoteRow } from '@bursar/pbft';
import { DecodeError, decode, type Evidence, evidence, fromHex, type Phase, toHex } from '@bursar/protocol';
import type { signing } from '@bursar/protocol/rpc';
import { type Handlers, rejection } from '@bursar/shared-core';
import type { Ballot, Signer } from '../core/signer.ts';
import type { Purpose, SigningMetrics } from '../metrics.ts';

/** Heights and views are numbers inside; protovalidate does not bound them. */
function small(field: string, v: bigint): number {
  if (v > BigInt(Number.MAX_SAFE_INTEGER))
    throw rejection('FieldInvalid', `${field} is above 2^53 - 1`, { violations: [{ field, description: 'at most 2^53 - 1' }] });
  return Number(v);
}

function ballotOf(b: signing.Ballot | undefined, phase: Phase): Ballot {
  if (!b) throw rejection('FieldInvalid', 'ballot is missing', { violations: [{ field: 'ballot', description: 'required' }] });
  return { epoch: b.epoch, height: small('ballot.height', b.height), view: small('ballot.view', b.view), phase, digest: toHex(b.digest) };
}

function rowOf({ ballot, phase, signature }: signing.Signed): VoteRow {
  if (signature.length !== 64)
    throw rejection('FieldInvalid', 'a signature has 64 bytes', { violations: [{ field: 'known.signature', description: '64 bytes' }] });
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
  const answer = async (purpose: Purpose, sign: () => Promise<Uint8Array>): Promise<{ signature: Uint8Array }> => {
    const started = performance.now();
    try {
      const signature = await sign();
      metrics.onSigned(purpose, performance.now() - started);
      return { signature };
    } catch (e) {
      metrics.onRefused(purpose);
      throw e;
    }
  };
  const vote = (phase: Phase) => (request: { ballot?: signing.Ballot | undefined }) =>
    answer(phase, () => signer.signVote(ballotOf(request.ballot, phase)));
  return {
    getPublicKey: async () => ({ publicKey }),
    signPrepare: vote('prepare'),
    signCommit: vote('commit'),
    signViewChange: vote('view-change'),
    signNewView: vote('new-view'),
    signBatch: (r) =>
      answer('batch', () =>
        signer.signBatch(
          {
            number: small('number', r.number),
            digest: toHex(r.digest),
            bytes: r.bytes,
            transactions: r.transactions,
            expiresAt: small('expires_at_ms', r.expiresAtMs),
          },
          small('final_time_ms', r.finalTimeMs),
        ),
      ),
    signEvidence: (r) => answer('evidence', async () => signEvidence(evidenceIn(r.evidence))),
    listSigned: async (r) => ({ rows: (await signer.listSigned(small('from_height', r.fromHeight))).map(signedOf) }),
    async reconcile(r) {
      await signer.reconcile(r.known.map(rowOf));
      return {};
    },
  };
}
