/** One client of the history: transfers between few accounts, and reads that promise to be linearizable. It writes down what it saw. */
import {
  buildTransfer,
  type ClientKey,
  type Connection,
  findTransaction,
  readAccount,
  type Signed,
  settle,
  signTransaction,
} from '../../libs/client/src/index.ts';
import { fromHex, type Genesis } from '../../libs/protocol/src/index.ts';
import { errorFrom } from '../../libs/shared-core/src/index.ts';
import type { Random } from '../../libs/simulator/src/world/random.ts';
import type { BankInput, BankOutput } from './bank.ts';
import type { Operation } from './checker.ts';

export interface Recorded extends Operation<BankInput, BankOutput> {
  /** Of a transfer with a result: its place in the final order. Of a read: the height of the answer. */
  readonly height?: number;
  readonly index?: number;
  /** Of a transfer that nobody learnt the end of: each that was signed for it. */
  readonly signed: readonly Signed[];
}
export interface ClientParts {
  readonly id: number;
  readonly chain: string;
  readonly genesis: Genesis;
  readonly connection: Connection;
  readonly accounts: readonly ClientKey[];
  readonly random: Random;
  /** Milliseconds of the one clock of the history. */
  readonly now: () => number;
  /** A transfer or read may take so long before its end counts as unknown. */
  readonly patienceMs: number;
}
const LARGEST = 60;

export class Client {
  readonly #parts: ClientParts;
  readonly history: Recorded[] = [];
  #transfers = 0;

  constructor(parts: ClientParts) {
    this.#parts = parts;
  }

  async run(until: () => boolean): Promise<void> {
    const { random, id, accounts } = this.#parts;
    while (!until()) {
      // Two clients for each account: they take each other's nonces and each other's money.
      const from = id % accounts.length;
      const account = random.below(accounts.length);
      if (random.chance(0.5)) await this.#read(account);
      else
        await this.#transfer({
          kind: 'transfer',
          from,
          to: (from + 1 + random.below(accounts.length - 1)) % accounts.length,
          amount: 1 + random.below(LARGEST),
        });
    }
  }

  async #read(account: number): Promise<void> {
    const { connection, genesis, accounts, now, id, patienceMs } = this.#parts;
    const call = now();
    try {
      const found = await readAccount(connection, genesis, (accounts[account] as ClientKey).publicKey, { timeoutMs: patienceMs });
      const output = { kind: 'account', balance: Number(found.balance), nonce: Number(found.nextNonce) } as const;
      this.history.push({ client: id, call, back: now(), input: { kind: 'read', account }, output, height: found.height, signed: [] });
    } catch {
      // It changed nothing and said nothing.
    }
  }

  async #transfer(input: Extract<BankInput, { kind: 'transfer' }>): Promise<void> {
    const { connection, genesis, accounts, chain, now, id, patienceMs } = this.#parts;
    const key = accounts[input.from] as ClientKey;
    const to = (accounts[input.to] as ClientKey).publicKey;
    // Equal transfers of two clients with one nonce would be equal bytes: one transaction, which both would take for theirs.
    const memo = `${id}/${this.#transfers++}`;
    const call = now();
    const signed: Signed[] = [];
    for (;;) {
      try {
        const { nextNonce } = await connection.read((l) => l.getAccount({ account: fromHex(key.publicKey) }), patienceMs);
        const author = { chain, signer: key.publicKey, nonce: nextNonce };
        const tx = signTransaction(key, buildTransfer(author, to, BigInt(input.amount), memo));
        signed.push(tx);
        const { result } = await settle(connection, tx, { genesis, timeoutMs: patienceMs });
        const { height, index } = result;
        this.history.push({ client: id, call, back: now(), input, output: { kind: 'done' }, height, index, signed });
        return;
      } catch (e) {
        const { reason, details } = errorFrom(e);
        // Proved by more validators than can lie: these bytes were never executed and never will be.
        if (reason === 'NONCE_TOO_LOW') {
          signed.pop();
          continue;
        }
        if (signed.length === 0) return; // nothing was sent
        const isProved = reason === 'INSUFFICIENT_FUNDS' && details['transaction'] !== undefined;
        const end = isProved ? ({ kind: 'refused' } as const) : undefined;
        this.history.push({ client: id, call, back: end ? now() : Number.POSITIVE_INFINITY, input, output: end, signed });
        return;
      }
    }
  }
}

/** Looks for the ends that nobody learnt, when the network is whole again; and for the places of refusals in the final order. */
export async function resolved(history: readonly Recorded[], connection: Connection, now: () => number): Promise<Recorded[]> {
  return Promise.all(
    history.map(async (op): Promise<Recorded> => {
      if (op.input.kind === 'read' || op.index !== undefined) return op;
      for (const { id } of op.signed) {
        const found = await findTransaction(connection, id);
        if (found === undefined) continue;
        const { height, index, code } = found;
        const output = { kind: code === 0 ? 'done' : 'refused' } as const;
        return { ...op, output, height, index, back: Math.min(op.back, now()) };
      }
      return op;
    }),
  );
}
