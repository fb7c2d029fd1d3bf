/** What this machine can do at all: the floor under every other figure. */
import { closeSync, fdatasyncSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { buildApproval, buildImport, buildTransaction, buildTransfer, type Unsigned } from '../../libs/client/src/index.ts';
import { keyPairFromSeed, sign, verify } from '../../libs/crypto/src/index.ts';
import { Ledger } from '../../libs/ledger/src/index.ts';
import {
  type Batch,
  batchCodec,
  chainId,
  type Digest,
  decode,
  disbursementId,
  encode,
  encodeTransaction,
  type Genesis,
  mOfN,
  NO_DELAYS,
  NO_LIMITS,
  signedTransaction,
  toHex,
  transactionHash,
  treasuryAccount,
  treasuryId,
} from '../../libs/protocol/src/index.ts';
import { median, type Row } from './row.ts';

export interface Limits {
  readonly verifyUs: number;
  readonly fsyncMs: number;
  readonly executeUs: number;
}

const timed = (times: number, work: () => void): number => {
  const started = performance.now();
  for (let i = 0; i < times; i++) work();
  return ((performance.now() - started) * 1_000) / times;
};

/** Of the processor, microseconds: what else runs does not make a limit easier to reach. */
const timedCpu = (times: number, work: () => void): number => {
  const before = process.cpuUsage();
  for (let i = 0; i < times; i++) work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / times;
};

export function measureLimits(dir: string): { limits: Limits; rows: Row[] } {
  const keys = keyPairFromSeed(new Uint8Array(32).fill(1));
  const hash = new Uint8Array(32).fill(2);
  const signature = sign(keys.secretKey, hash);
  const verifyUs = median(Array.from({ length: 5 }, () => timedCpu(2_000, () => void verify(keys.publicKey, hash, signature))));
  const fsyncMs = fsyncMedian(dir);
  const executeUs = executePayments(20_000);
  const limits = { verifyUs, fsyncMs, executeUs };
  const rows: Row[] = [
    { bench: 'limits', what: 'ed25519 verification, one core', value: verifyUs, unit: 'µs' },
    { bench: 'limits', what: 'append 4 KiB and fdatasync, median', value: fsyncMs, unit: 'ms' },
    { bench: 'limits', what: 'ledger alone: execute one approved payment', value: executeUs, unit: 'µs' },
  ];
  return { limits, rows };
}

function fsyncMedian(dir: string): number {
  mkdirSync(dir, { recursive: true });
  const path = join(dir, 'fsync-probe');
  const file = openSync(path, 'w');
  const page = Buffer.alloc(4_096, 1);
  const took = Array.from({ length: 200 }, () =>
    timed(1, () => {
      writeSync(file, page);
      fdatasyncSync(file);
    }),
  );
  closeSync(file);
  rmSync(path);
  return median(took) / 1_000;
}

/** One ledger in this process: no network, no disk, no votes. @returns microseconds a payment */
function executePayments(count: number): number {
  const key = (n: number) => keyPairFromSeed(new Uint8Array(32).fill(n));
  const [client, first, second, executor] = [key(1), key(2), key(3), key(4)];
  const id = (k: { publicKey: Uint8Array }): Digest => toHex(k.publicKey);
  const treasury = treasuryId('bench');
  const genesis: Genesis = {
    version: 1,
    name: 'bench',
    incarnation: 0,
    time: 1,
    currency: { code: 'EUR', exponent: 2 },
    validators: [{ name: 'v', publicKey: id(key(9)), stake: 1n }],
    accounts: [{ id: id(client), balance: 10n ** 15n }],
    treasuries: [
      {
        name: 'bench',
        proposers: [id(client)],
        approval: mOfN([id(first), id(second)], 2),
        limits: NO_LIMITS,
        guardians: [id(first)],
        guardianThreshold: 1,
        executors: [id(executor)],
        delays: NO_DELAYS,
      },
    ],
    shards: 1,
    leaseMs: 3_600_000,
    blockIntervalMs: 1_000,
    viewTimeoutMs: 1_000,
  };
  const chain = chainId(genesis);
  const ledger = new Ledger(genesis);
  let number = 0;
  const batchOf = (txs: readonly Unsigned[]): Batch => {
    const entries = txs.map(({ body }) => ({
      transaction: encode(signedTransaction, { body, signature: new Uint8Array(64) }),
      traceparent: '',
      tracestate: '',
    }));
    return decode(batchCodec, encode(batchCodec, { chain, origin: 0, number: ++number, expiresAt: 10 ** 12, entries }));
  };
  const run = (txs: readonly Unsigned[]): void => {
    const { results } = ledger.execute({ height: ledger.height + 1, time: ledger.time + 1, batches: [batchOf(txs)] });
    const failed = results.find((r) => r.kind === 'transaction' && (r.code !== 0 || r.items.some((c) => c !== 0)));
    if (failed) throw new Error(`the ledger refused with ${JSON.stringify(failed, (_, v) => (typeof v === 'bigint' ? String(v) : v))}`);
  };
  run([buildTransfer({ chain, signer: id(client), nonce: 0n }, treasuryAccount(treasury), 10n ** 12n)]);
  const payees = Array.from({ length: 100 }, (_, i) => id(key(100 + i)));
  const payments = Array.from({ length: count }, (_, i) => ({
    clientKey: `p${i}`,
    destination: payees[i % payees.length] as string,
    amount: 1n,
    dependsOn: [],
  }));
  const built = buildImport({ chain, treasury, proposer: id(client), firstNonce: 1n, payments });
  if (!built.ok) throw new Error(JSON.stringify(built.violations.slice(0, 3)));
  for (const tx of built.transactions) run([tx]);
  run([first, second].map((k) => buildApproval({ chain, signer: id(k), nonce: 0n }, treasury, built.import)));
  run([buildTransaction({ chain, signer: id(executor), nonce: 0n }, { kind: 'lease', shard: 0, request: 'acquire' })]);
  const { epoch } = ledger.lease(0) ?? { epoch: 1n };
  let spent = 0;
  let paid = 0;
  for (let seq = 1n; paid < count; seq++) {
    const { items } = ledger.ready(0, 'consumer', 1_000);
    const body = encodeTransaction({
      chain,
      signer: id(executor),
      nonce: 0n,
      action: {
        kind: 'executeBatch',
        shard: 0,
        leaseEpoch: epoch,
        lane: 'consumer',
        seq,
        expiresAt: 10 ** 12,
        items: items.map((i) => ({ id: i.id, bodyHash: i.bodyHash, attempt: i.attempts })),
      },
    });
    const batch = [{ body, hash: transactionHash(body) }];
    const started = performance.now();
    run(batch);
    spent += performance.now() - started;
    paid += items.length;
  }
  if (ledger.disbursement(disbursementId(treasury, 'p0'))?.state !== 'executed') throw new Error('the ledger did not pay');
  return (spent * 1_000) / count;
}
