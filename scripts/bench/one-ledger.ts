/** One ledger in this process: no network, no disk, no votes. */
import { buildApproval, buildImport, buildTransaction, buildTransfer, type Unsigned } from '../../libs/client/src/index.ts';
import { keyPairFromSeed } from '../../libs/crypto/src/index.ts';
import { Ledger } from '../../libs/ledger/src/index.ts';
import {
  type Batch,
  batchCodec,
  chainId,
  type Digest,
  decode,
  encode,
  encodeTransaction,
  type Genesis,
  mOfN,
  NO_DELAYS,
  NO_LIMITS,
  signedTransaction,
  toHex,
  treasuryAccount,
  treasuryId,
} from '../../libs/protocol/src/index.ts';

const IMPORT_ITEMS = 50_000;
const BATCH_ITEMS = 1_000;
const PAYEES = 100;
const FAR = 10 ** 12;

const key = (n: number) => keyPairFromSeed(new Uint8Array(32).fill(n));
const id = (k: { publicKey: Uint8Array }): Digest => toHex(k.publicKey);
const [client, first, second, executor] = [key(1), key(2), key(3), key(4)];
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
const payees = Array.from({ length: PAYEES }, (_, i) => id(key(100 + i)));

export class OneLedger {
  readonly #ledger = new Ledger(genesis);
  #batches = 0;
  #made = 0;
  #imports = 0n;
  /** Of the client's next transaction; the first one funds the treasury. */
  #nonce = 0n;
  #seq = 0n;
  #cursor = '';

  constructor() {
    const author = { chain, signer: id(client), nonce: this.#nonce++ };
    this.#run([buildTransfer(author, treasuryAccount(treasury), 10n ** 12n)]);
    this.#run([buildTransaction({ chain, signer: id(executor), nonce: 0n }, { kind: 'lease', shard: 0, request: 'acquire' })]);
  }

  /** Imports, approves and queues so many payments. */
  queue(count: number): void {
    for (let left = count; left > 0; left -= IMPORT_ITEMS) this.#import(Math.min(left, IMPORT_ITEMS));
  }

  /** Pays as many as are queued at most. @returns microseconds of processor time a payment, in blocks of one batch */
  pay(count: number): number {
    const before = this.#ledger.payments;
    const batches: Batch[] = [];
    for (let left = count; left > 0; left -= BATCH_ITEMS) batches.push(this.#executeBatch(Math.min(left, BATCH_ITEMS)));
    const { user, system } = process.cpuUsage();
    for (const batch of batches) this.#block([batch]);
    const used = process.cpuUsage();
    if (this.#ledger.payments !== before + count) throw new Error('the ledger did not pay');
    return (used.user + used.system - user - system) / count;
  }

  #import(count: number): void {
    const made = this.#made;
    this.#made += count;
    const payments = Array.from({ length: count }, (_, i) => ({
      clientKey: `p${made + i}`,
      destination: payees[i % PAYEES] as string,
      amount: 1n,
      dependsOn: [],
    }));
    const built = buildImport({ chain, treasury, proposer: id(client), firstNonce: this.#nonce, payments });
    if (!built.ok) throw new Error(JSON.stringify(built.violations.slice(0, 3)));
    this.#nonce += BigInt(built.transactions.length);
    for (const tx of built.transactions) this.#run([tx]);
    const nonce = this.#imports++;
    this.#run([first, second].map((k) => buildApproval({ chain, signer: id(k), nonce }, treasury, built.import)));
    while (this.#ledger.deferred > 0) this.#block([]);
  }

  /** Of what is ready and in no batch yet. */
  #executeBatch(count: number): Batch {
    const { items, next } = this.#ledger.ready(0, 'consumer', count, this.#cursor);
    if (items.length < count) throw new Error('too few are ready');
    this.#cursor = next ?? '';
    const body = encodeTransaction({
      chain,
      signer: id(executor),
      nonce: 0n,
      action: {
        kind: 'executeBatch',
        shard: 0,
        leaseEpoch: this.#ledger.lease(0).epoch,
        lane: 'consumer',
        seq: ++this.#seq,
        expiresAt: FAR,
        items: items.map((i) => ({ id: i.id, bodyHash: i.bodyHash, attempt: i.attempts })),
      },
    });
    return this.#batch([{ body }]);
  }

  #batch(txs: readonly Pick<Unsigned, 'body'>[]): Batch {
    const entries = txs.map(({ body }) => ({
      transaction: encode(signedTransaction, { body, signature: new Uint8Array(64) }),
      traceparent: '',
      tracestate: '',
    }));
    return decode(batchCodec, encode(batchCodec, { chain, origin: 0, number: ++this.#batches, expiresAt: FAR, entries }));
  }
  #block(batches: readonly Batch[]) {
    return this.#ledger.execute({ height: this.#ledger.height + 1, time: this.#ledger.time + 1, batches });
  }
  #run(txs: readonly Unsigned[]): void {
    const failed = this.#block([this.#batch(txs)]).results.find((r) => r.kind === 'transaction' && r.code !== 0);
    if (failed) throw new Error(`the ledger refused with ${JSON.stringify(failed, (_, v) => (typeof v === 'bigint' ? String(v) : v))}`);
  }
}
