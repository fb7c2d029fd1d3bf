/** crypto-signing over gRPC: one call for each purpose (S3), retried until it answers. */
import { type BatchRef, type Digest, encode, evidence, fromHex, rejections, type SignedVote, toHex, type Vote } from '@bursar/protocol';
import { signing } from '@bursar/protocol/rpc';
import { BursarError, createRpcClient, type Logger, retryForever, type Secret } from '@bursar/shared-core';
import type { SignerPort } from '../ports.ts';
import { type OnReachable, reports } from './reachable.ts';

export interface SignerClientOptions {
  readonly address: string;
  readonly bearer: Secret | string;
  readonly chain: Digest;
  readonly validator: number;
  readonly signal: AbortSignal;
  readonly log: Logger;
  readonly onReachable: OnReachable;
}

const REFUSED = rejections.DoubleSignRefused.code;
const BEHIND = rejections.SignerBehind.code;
const hasCode = (error: unknown, ...codes: number[]): boolean => error instanceof BursarError && codes.includes(error.code);

export function createSignerClient(options: SignerClientOptions): SignerPort & { close(): void } {
  const { address, bearer, chain, validator, signal, log, onReachable } = options;
  const client = createRpcClient(signing.Signing, address, { bearer, unaryMs: 5_000 });
  const isAnswer = (error: unknown) => hasCode(error, REFUSED, BEHIND, rejections.EvidenceInvalid.code);
  const watched = reports(onReachable, isAnswer);
  const forEver = <T>(what: string, call: () => Promise<T>, isWanted = () => true): Promise<T> =>
    retryForever(() => watched(call), {
      signal,
      baseMs: 50,
      capMs: 2_000,
      retryIf: (error) => !isAnswer(error) && isWanted(),
      onRetry: (error, attempt) => log.warn({ err: error, attempt }, `crypto-signing does not ${what}; trying again`),
    });
  const ballot = (vote: Vote) => ({
    epoch: vote.epoch,
    height: BigInt(vote.height),
    view: BigInt(vote.view),
    digest: fromHex(vote.digest),
  });
  const signVote = (vote: Vote): Promise<{ readonly signature: Uint8Array }> => {
    const request = { ballot: ballot(vote) };
    const call = { timeoutMs: 5_000, signal };
    switch (vote.phase) {
      case 'prepare':
        return client.signPrepare(request, call);
      case 'commit':
        return client.signCommit(request, call);
      case 'view-change':
        return client.signViewChange(request, call);
      case 'new-view':
        return client.signNewView(request, call);
    }
  };
  const toRow = ({ vote, signature }: SignedVote) => ({ ballot: ballot(vote), phase: vote.phase, signature });
  return {
    publicKey: async () => toHex((await forEver('give its key', () => client.getPublicKey({}, { signal }))).publicKey),
    async sign(vote, isWanted) {
      try {
        return (await forEver('sign', () => signVote(vote), isWanted)).signature;
      } catch (error) {
        if (hasCode(error, REFUSED)) return 'refused';
        if (!isAnswer(error) && !signal.aborted && !isWanted()) return 'unwanted';
        throw error;
      }
    },
    signBatch: async (ref: BatchRef, finalTime) => {
      const request = {
        number: BigInt(ref.number),
        digest: fromHex(ref.digest),
        bytes: ref.bytes,
        transactions: ref.transactions,
        expiresAtMs: BigInt(ref.expiresAt),
        finalTimeMs: BigInt(finalTime),
      };
      try {
        return (await forEver('sign a batch', () => client.signBatch(request, { signal }))).signature;
      } catch (error) {
        if (hasCode(error, REFUSED)) return undefined;
        throw error;
      }
    },
    signEvidence: async (found) => {
      const request = { evidence: encode(evidence, found) };
      return (await forEver('sign evidence', () => client.signEvidence(request, { signal }))).signature;
    },
    async listSigned(fromHeight) {
      const { rows } = await forEver('list its signatures', () => client.listSigned({ fromHeight: BigInt(fromHeight) }, { signal }));
      return rows.flatMap((row) => {
        if (!row.ballot || !isPhase(row.phase)) return [];
        const { epoch, height, view, digest } = row.ballot;
        const vote: Vote = { chain, epoch, height: Number(height), view: Number(view), phase: row.phase, digest: toHex(digest) };
        return [{ vote, validator, signature: row.signature }];
      });
    },
    async reconcile(known) {
      await forEver('compare its record', () => client.reconcile({ known: known.map(toRow) }, { signal }));
    },
    close: () => client.close(),
  };
}

const PHASES: readonly string[] = ['prepare', 'commit', 'view-change', 'new-view'];
const isPhase = (text: string): text is Vote['phase'] => PHASES.includes(text);
