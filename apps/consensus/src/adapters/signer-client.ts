/** crypto-signing over gRPC: one kind of request for each purpose (S3) on a stream that stays open, retried until it answers. */
import type { MessageInitShape } from '@bufbuild/protobuf';
import { type BatchRef, type Digest, encode, evidence, fromHex, rejections, type SignedVote, toHex, type Vote } from '@bursar/protocol';
import { signing } from '@bursar/protocol/rpc';
import { BursarError, createRpcClient, type Logger, openStreamCalls, retryForever, type Secret } from '@bursar/shared-core';
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

type Purpose = NonNullable<MessageInitShape<typeof signing.SignRequestSchema>['purpose']>;
const CASES = { prepare: 'prepare', commit: 'commit', 'view-change': 'viewChange', 'new-view': 'newView' } as const;
/** A few votes, batches and pieces of evidence at a time. */
const UNDER_WAY = 64;
const REFUSED = rejections.DoubleSignRefused.code;
const BEHIND = rejections.SignerBehind.code;
const hasCode = (error: unknown, ...codes: number[]): boolean => error instanceof BursarError && codes.includes(error.code);

export function createSignerClient(options: SignerClientOptions): SignerPort & { close(): void } {
  const { address, bearer, chain, validator, signal, log, onReachable } = options;
  const client = createRpcClient(signing.Signing, address, { bearer, unaryMs: 5_000 });
  const calls = openStreamCalls(client.sign, { what: 'crypto-signing', timeoutMs: 5_000, most: UNDER_WAY });
  const sign = async (purpose: Purpose): Promise<Uint8Array> => (await calls.call({ purpose })).signature;
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
  const toRow = ({ vote, signature }: SignedVote) => ({ ballot: ballot(vote), phase: vote.phase, signature });
  return {
    publicKey: async () => toHex((await forEver('give its key', () => client.getPublicKey({}, { signal }))).publicKey),
    async sign(vote, isWanted) {
      try {
        return await forEver('sign', () => sign({ case: CASES[vote.phase], value: ballot(vote) }), isWanted);
      } catch (error) {
        if (hasCode(error, REFUSED)) return 'refused';
        if (!isAnswer(error) && !signal.aborted && !isWanted()) return 'unwanted';
        throw error;
      }
    },
    signBatch: async (ref: BatchRef, finalTime) => {
      const value = {
        number: BigInt(ref.number),
        digest: fromHex(ref.digest),
        bytes: ref.bytes,
        transactions: ref.transactions,
        expiresAtMs: BigInt(ref.expiresAt),
        finalTimeMs: BigInt(finalTime),
      };
      try {
        return await forEver('sign a batch', () => sign({ case: 'batch', value }));
      } catch (error) {
        if (hasCode(error, REFUSED)) return undefined;
        throw error;
      }
    },
    signEvidence: (found) => forEver('sign evidence', () => sign({ case: 'evidence', value: encode(evidence, found) })),
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
    close() {
      calls.close();
      client.close();
    },
  };
}

const PHASES: readonly string[] = ['prepare', 'commit', 'view-change', 'new-view'];
const isPhase = (text: string): text is Vote['phase'] => PHASES.includes(text);
