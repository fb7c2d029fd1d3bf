/** storage over gRPC. Commits and what the start needs are retried until it answers; lookups for others are tried once. */
import {
  type Block,
  block as blockCodec,
  type Certificate,
  certificate as certificateCodec,
  type Digest,
  decode,
  encode,
  fromHex,
  rejections,
  result as resultCodec,
  type TransactionResult,
  toHex,
} from '@bursar/protocol';
import { commits, ledger } from '@bursar/protocol/rpc';
import { BursarError, createRpcClient, type Logger, openStreamCalls, rejection, retryForever, type Secret } from '@bursar/shared-core';
import { packFinalBlocks } from '../core/final-blocks.ts';
import { RUN_BYTES } from '../core/recent-blocks.ts';
import type { CommitAnswer, FinalBlock, StoragePort } from '../ports.ts';
import { type OnReachable, reports } from './reachable.ts';

export interface StorageClientOptions {
  readonly address: string;
  readonly bearer: Secret | string;
  readonly signal: AbortSignal;
  readonly log: Logger;
  readonly onReachable: OnReachable;
}
/** A block with a full batch of every validator takes a second on a slow disk. */
const COMMIT_MS = 30_000;
/** Answers that another try cannot change. */
const FINAL: ReadonlySet<number> = new Set([rejections.StateForkDetected.code, rejections.SequenceGap.code]);
/** Of blocks that are not what they say. */
const REFUSED: ReadonlySet<number> = new Set(
  (['MalformedMessage', 'WrongChain', 'UnknownValidator', 'QuorumNotReached', 'InvalidSignature'] as const).map((n) => rejections[n].code),
);
const NOT_FOUND: ReadonlySet<number> = new Set([rejections.NotFound.code, rejections.NotFinal.code]);
const isOneOf = (error: unknown, codes: ReadonlySet<number>): boolean => error instanceof BursarError && codes.has(error.code);

export function createStorageClient({ address, bearer, signal, log, onReachable }: StorageClientOptions): StoragePort & { close(): void } {
  const reads = createRpcClient(ledger.Ledger, address, { bearer, unaryMs: 5_000 });
  const writes = createRpcClient(commits.Commits, address, { bearer, unaryMs: COMMIT_MS });
  const commit = openStreamCalls(writes.commit, { what: 'storage', timeoutMs: COMMIT_MS, most: 1 });
  const watched = reports(onReachable, (error) => isOneOf(error, FINAL) || isOneOf(error, REFUSED));
  const forEver = <T>(what: string, call: () => Promise<T>): Promise<T> =>
    retryForever(() => watched(call), {
      signal,
      baseMs: 50,
      capMs: 2_000,
      retryIf: (error) => !isOneOf(error, FINAL) && !isOneOf(error, REFUSED),
      onRetry: (error, attempt) => log.warn({ err: error, attempt }, `storage does not ${what}; trying again`),
    });
  return {
    async status() {
      const s = await forEver('say its status', () => reads.getStatus({}, { signal }));
      return {
        height: Number(s.height),
        stateRoot: toHex(s.stateRoot),
        resultsRoot: toHex(s.resultsRoot),
        timeMs: Number(s.timeMs),
        nextBatch: s.nextBatch.map(Number),
      };
    },
    blocks: (from, to) =>
      forEver('give its blocks', async () => {
        const found: FinalBlock[] = [];
        if (to < from) return found;
        for await (const { block } of reads.streamBlocks(
          { fromHeight: BigInt(from), follow: false, results: false },
          { signal, timeoutMs: 30_000 },
        )) {
          if (!block) continue;
          found.push({ block: decode(blockCodec, block.block), certificate: decode(certificateCodec, block.certificate) });
          if (found.length > to - from) break;
        }
        if (found.length !== to - from + 1) throw rejection('PeerUnreachable', `storage gave ${found.length} of ${to - from + 1} blocks`);
        return found;
      }),
    async commit(block: Block, certificate: Certificate, bodies) {
      const given = { block: encode(blockCodec, block), certificate: encode(certificateCodec, certificate), batches: [...bodies] };
      return toAnswer((await forEver('commit', () => commit.call({ block: given }))).executed);
    },
    async commitRun(run) {
      const blocks = run.map(({ block, certificate, batches }) => ({ block, certificate, batches: [...batches] }));
      try {
        return (await forEver('commit', () => writes.commitRun({ blocks }, { signal }))).blocks.map((b) => toAnswer(b));
      } catch (error) {
        if (isOneOf(error, REFUSED)) return undefined;
        throw error;
      }
    },
    async finalBlocks(from, to) {
      try {
        const wanted = { fromHeight: BigInt(from), toHeight: BigInt(to), maxBytes: RUN_BYTES };
        const { blocks, newestHeight } = await writes.getFinalBlocks(wanted, { signal, timeoutMs: 2_000 });
        return packFinalBlocks(blocks, Number(newestHeight));
      } catch {
        return undefined; // not there, or down: the peer asks another validator
      }
    },
    async transaction(id: Digest) {
      try {
        const found = await reads.getTransaction({ transactionId: fromHex(id) }, { signal, timeoutMs: 5_000 });
        return { result: toResult(found.result), provable: found.provable, certificateKind: found.certificateKind };
      } catch (error) {
        if (isOneOf(error, NOT_FOUND)) return undefined;
        throw error;
      }
    },
    close() {
      commit.close();
      reads.close();
      writes.close();
    },
  };
}

function toAnswer(executed: commits.ExecutedBlock | undefined): CommitAnswer {
  if (!executed) throw rejection('MalformedMessage', 'storage answered a commit without a block');
  return { stateRoot: toHex(executed.stateRoot), resultsRoot: toHex(executed.resultsRoot), results: executed.transactionResults };
}

function toResult(bytes: Uint8Array): TransactionResult {
  const found = decode(resultCodec, bytes);
  if (found.kind !== 'transaction') throw rejection('MalformedMessage', 'storage answered another result than of a transaction');
  return found;
}
