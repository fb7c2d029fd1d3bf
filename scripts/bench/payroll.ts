/** Payrolls of a size for the benches: made and signed import by import, approved twice, and followed until they are paid. */
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { audit, isSound } from '../../apps/bursar/src/audit/audit.ts';
import { claimsOf, keptOf } from '../../apps/bursar/src/audit/network-input.ts';
import { approve, fund } from '../../apps/bursar/src/operations/pay.ts';
import { nextNonce } from '../../apps/bursar/src/operations/session.ts';
import { buildImport, type ClientKey, keyFromSeed, readKeyFile, settleMany, signTransaction } from '../../libs/client/src/index.ts';
import { type Digest, fromHex } from '../../libs/protocol/src/index.ts';
import { executor as executorRpc } from '../../libs/protocol/src/rpc.ts';
import { createRpcClient } from '../../libs/shared-core/src/index.ts';
import type { BenchNetwork } from './network.ts';

export const IMPORT_ITEMS = 20_000;
const PAYEES = 500;
const LOOK_MS = 20;
const SETTLE_MS = 120_000;

export class Payroll {
  readonly network: BenchNetwork;
  readonly #client: ClientKey;
  readonly #payees: readonly string[];
  #nonce: bigint | undefined;
  #made = 0;

  constructor(network: BenchNetwork) {
    this.network = network;
    this.#client = readKeyFile(network.net.at.clientKey);
    this.#payees = Array.from({ length: PAYEES }, (_, i) => keyFromSeed(Buffer.alloc(32, `bench payee ${i} `)).publicKey);
  }

  /** Moves what so many payments of one unit need into the treasury. */
  async fund(payments: number): Promise<void> {
    await fund(this.network.session, this.#client, BigInt(payments));
    this.#nonce = undefined;
  }

  /** Imports so many payments, `IMPORT_ITEMS` at a time; each import is told of once it is sealed. */
  async import(payments: number, onSealed: (digest: Digest, items: number) => void = () => {}): Promise<void> {
    for (let left = payments; left > 0; left -= IMPORT_ITEMS) {
      const items = Math.min(left, IMPORT_ITEMS);
      onSealed(await this.#one(items), items);
    }
  }

  async #one(items: number): Promise<Digest> {
    const { session } = this.network;
    this.#nonce ??= await nextNonce(session, this.#client.publicKey);
    const first = this.#made;
    this.#made += items;
    const built = buildImport({
      chain: session.chain,
      treasury: session.treasury.id,
      proposer: this.#client.publicKey,
      firstNonce: this.#nonce,
      payments: Array.from({ length: items }, (_, i) => ({
        clientKey: `bench-${first + i}`,
        destination: this.#payees[i % PAYEES] as string,
        amount: 1n,
        dependsOn: [],
      })),
    });
    if (!built.ok) throw new Error(built.violations[0]?.description);
    this.#nonce += BigInt(built.transactions.length);
    const signed = built.transactions.map((t) => signTransaction(this.#client, t));
    await settleMany(session.connection, signed, { timeoutMs: SETTLE_MS });
    return built.import;
  }

  /** Both approvals of an import, each in its turn of that approver. */
  approver(): (digest: Digest) => Promise<void> {
    const { net, session } = this.network;
    const turns = [1, 2].map((n) => ({ key: readKeyFile(net.at.approverKey(n)), last: Promise.resolve() as Promise<unknown> }));
    return async (digest) => {
      await Promise.all(
        turns.map((turn) => {
          turn.last = turn.last.then(() => approve(session, turn.key, digest));
          return turn.last;
        }),
      );
    };
  }

  /** Payments made so far, by a validator's word. */
  async paid(): Promise<number> {
    return Number((await this.network.session.connection.read((l) => l.getStatus({}))).payments);
  }
  /** Payments in this state, by a validator's word. */
  async count(state: 'voting' | 'queued'): Promise<number> {
    const { connection, treasury } = this.network.session;
    const { counts } = await connection.read((l) => l.getTreasury({ treasury: fromHex(treasury.id) }));
    return Number(counts[state] ?? 0);
  }
  async until(what: string, reached: () => Promise<boolean>, patienceMs: number): Promise<void> {
    for (const deadline = performance.now() + patienceMs; !(await reached()); await sleep(LOOK_MS))
      if (performance.now() > deadline) throw new Error(`${what}: not within ${patienceMs / 1_000} s`);
  }

  /** Whether the executor plans anything. */
  async plan(enabled: boolean): Promise<void> {
    const { net } = this.network;
    const bearer = readFileSync(net.at.executor(0).token, 'utf8').trim();
    const client = createRpcClient(executorRpc.Executor, `127.0.0.1:${net.network.executor.grpc}`, { unaryMs: 5_000, bearer });
    try {
      await client.setPlanning({ enabled, reason: 'bench' });
    } finally {
      client.close();
    }
  }

  /** Ends a process of the network. */
  async end(name: string, signal: NodeJS.Signals): Promise<void> {
    const alive = setInterval(() => {}, 1_000); // what waits for a child keeps no program running
    try {
      await this.network.net.kill(name, signal);
    } finally {
      clearInterval(alive);
    }
  }

  /** Recomputes everything from the blocks of the first validator, and holds what all of them say against it. @throws Error with the findings */
  async audit(): Promise<{ readonly payments: number }> {
    const { net, session } = this.network;
    const claims = await claimsOf(session);
    const report = await audit({ genesis: session.genesis, chain: session.chain, validators: keptOf(net.at, session, [0]), claims });
    if (!isSound(report)) throw new Error(`the audit: ${report.findings.map((f) => f.what).join('; ')}`);
    return report;
  }
}
