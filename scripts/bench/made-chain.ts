/** A chain of small blocks as four validators would have made it, written as their storages keep it: certified, executed, ready to be served. */
import { mkdirSync } from 'node:fs';
import { toRecords } from '../../apps/storage/src/core/stored-block.ts';
import { type KeyPair, sign } from '../../libs/crypto/src/index.ts';
import { Ledger } from '../../libs/ledger/src/index.ts';
import {
  advanceSchedule,
  genesisSet,
  leaderOf,
  leaderOrder,
  nextBeacon,
  skippedBitmap,
  startSchedule,
  toBitmap,
} from '../../libs/membership/src/index.ts';
import { merkleRoot } from '../../libs/merkle/src/index.ts';
import {
  batchCodec,
  batchDigest,
  batchRefsDigest,
  block,
  type Certificate,
  certificate,
  certificateDigest,
  chainId,
  type Digest,
  encode,
  encodeTransaction,
  type Genesis,
  type Header,
  headerDigest,
  limits,
  signedTransaction,
  toHex,
  transactionHash,
  voteHash,
  ZERO_DIGEST,
} from '../../libs/protocol/src/index.ts';
import { openLog } from '../../libs/shared-core/src/index.ts';

export interface MadeChain {
  /** Canonical bytes of the last block, its certificate and its batch, for measuring what checking one costs. */
  readonly sample: { readonly header: Header; readonly certificate: Certificate; readonly batch: Uint8Array };
  readonly stateRoot: Digest;
  readonly bytes: number;
}
/** One storage keeps another certificate than the next header names, so often as on a busy network: the one has Commits where the other has all Prepares. */
export const UNNAMED_EVERY = 8;
const SYNC_EVERY = 4_096;

/** @param folders of the storages' block logs; each gets the same. One transfer of the genesis' first account in each block. */
export async function makeChain(
  genesis: Genesis,
  keys: readonly KeyPair[],
  client: KeyPair,
  count: number,
  folders: readonly string[],
): Promise<MadeChain> {
  const chain = chainId(genesis);
  const set = genesisSet(genesis);
  const n = keys.length;
  const ledger = new Ledger(genesis);
  const logs = await Promise.all(
    folders.map((dir) => {
      mkdirSync(dir, { recursive: true, mode: 0o700 });
      return openLog(dir);
    }),
  );
  const certify = (height: number, digest: Digest, kind: 'fast' | 'commit', signers: readonly number[]): Certificate => {
    const phase = kind === 'fast' ? 'prepare' : 'commit';
    const hash = voteHash({ chain, epoch: set.epoch, height, view: 0, phase, digest });
    const signatures = signers.map((i) => sign((keys[i] as KeyPair).secretKey, hash));
    return { kind, chain, epoch: set.epoch, height, view: 0, digest, signers: toBitmap(signers, n), signatures };
  };
  const everybody = keys.map((_, i) => i);
  let schedule = startSchedule(chain);
  let tip = {
    hash: chain,
    time: genesis.time,
    certificate: ZERO_DIGEST,
    stateRoot: ledger.stateRoot,
    resultsRoot: toHex(merkleRoot([])),
  };
  let sample: MadeChain['sample'] | undefined;
  for (let height = 1; height <= count; height++) {
    const time = tip.time + 1;
    const action = { kind: 'transfer', to: toHex(new Uint8Array(32).fill(1 + (height % 100))), amount: 1n, memo: 'm'.repeat(90) } as const;
    const body = encodeTransaction({ chain, signer: toHex(client.publicKey), nonce: BigInt(height - 1), action });
    const transaction = encode(signedTransaction, { body, signature: sign(client.secretKey, transactionHash(body)) });
    const decoded = {
      chain,
      origin: 0,
      number: height,
      expiresAt: time + limits.batchLifetimeMs,
      entries: [{ transaction, traceparent: '', tracestate: '' }],
    };
    const batch = encode(batchCodec, decoded);
    const { origin, number, expiresAt } = decoded;
    const refs = [{ origin, number, expiresAt, digest: batchDigest(batch), bytes: batch.length, transactions: 1 }];
    const order = leaderOrder(set, schedule, height);
    const header: Header = {
      version: 1,
      chain,
      epoch: set.epoch,
      height,
      view: 0,
      proposer: leaderOf(order, 0),
      time,
      parent: tip.hash,
      certificate: tip.certificate,
      stateRoot: tip.stateRoot,
      resultsRoot: tip.resultsRoot,
      beacon: nextBeacon(schedule.beacon, height),
      proofVersion: 0,
      proof: new Uint8Array(),
      skipped: skippedBitmap(order, 0, n),
      nextValidators: set.hash,
      batches: batchRefsDigest(refs),
    };
    const hash = headerDigest(header);
    const named = certify(height, hash, 'fast', everybody);
    const kept = height % UNNAMED_EVERY === 0 ? certify(height, hash, 'commit', everybody.slice(1)) : named;
    const { encoded, stateRoot, resultsRoot } = ledger.execute({ height, time, batches: [decoded] });
    const records = toRecords(height, {
      block: encode(block, { header, batches: refs }),
      certificate: encode(certificate, kept),
      batches: [batch],
      results: encoded,
      stateRoot,
      resultsRoot,
      outbox: { traceparent: '', tracestate: '' },
    });
    for (const log of logs) for (const record of records) log.append(record);
    if (height % SYNC_EVERY === 0) await Promise.all(logs.map((log) => log.sync()));
    schedule = advanceSchedule(schedule, header);
    tip = { hash, time, certificate: certificateDigest(named), stateRoot, resultsRoot };
    sample = { header, certificate: named, batch };
  }
  await Promise.all(logs.map((log) => log.close()));
  if (!sample) throw new RangeError('a chain has at least one block');
  return { sample, stateRoot: tip.stateRoot, bytes: logs[0]?.bytes ?? 0 };
}
