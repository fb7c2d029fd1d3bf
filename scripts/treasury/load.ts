/** Payments, import after import, as a treasurer's programs would send them; it remembers what it was told. */
import { setTimeout as sleep } from 'node:timers/promises';
import { importStatus } from '../../apps/bursar/src/operations/import-status.ts';
import { nextNonce, type Session } from '../../apps/bursar/src/operations/session.ts';
import {
  buildApproval,
  buildCancel,
  buildImport,
  type ClientKey,
  type PaymentOrder,
  type Signed,
  settleEach,
  signTransaction,
  type Unsigned,
} from '../../libs/client/src/index.ts';
import type { Digest } from '../../libs/protocol/src/index.ts';
import { BursarError, errorFrom } from '../../libs/shared-core/src/index.ts';

/** What was sent and what was said of it. */
export class Told {
  readonly imports: Digest[] = [];
  /** Ids that a validator has taken. */
  readonly accepted = new Set<Digest>();
  /** Ids that were reported done. */
  readonly done = new Set<Digest>();
  payments = 0;
  /** Cancellations that came in time, and those that came too late. */
  readonly cancels = { won: 0, lost: 0 };
}
const PATIENCE_MS = 120_000;
const POLL_MS = 50;

export class Treasurer {
  readonly told = new Told();
  readonly #session: Session;
  readonly #nonces = new Map<string, bigint>();

  constructor(session: Session) {
    this.#session = session;
  }

  /** Signs with the key's next nonces and follows each until its result is provable. @throws when one is refused or its end is unknown */
  async send(key: ClientKey, build: (nonce: bigint) => readonly Unsigned[]): Promise<void> {
    const [failed] = (await this.try(key, build)).filter((o) => o instanceof BursarError);
    if (failed) throw failed;
  }
  async try(key: ClientKey, build: (nonce: bigint) => readonly Unsigned[]) {
    const nonce = this.#nonces.get(key.publicKey) ?? (await nextNonce(this.#session, key.publicKey));
    const signed = build(nonce).map((u): Signed => signTransaction(key, u));
    this.#nonces.set(key.publicKey, nonce + BigInt(signed.length));
    const outcomes = await settleEach(this.#session.connection, signed, { timeoutMs: PATIENCE_MS });
    for (const [i, { id }] of signed.entries()) {
      const o = outcomes[i];
      if (!(o instanceof BursarError)) this.told.done.add(id);
      if (!(o instanceof BursarError) || o.details['accepted'] === 'true') this.told.accepted.add(id);
    }
    return outcomes;
  }

  #author(key: ClientKey, nonce: bigint) {
    return { chain: this.#session.chain, signer: key.publicKey, nonce };
  }
  /** @returns the import's digest and the ids of its payments */
  async import(key: ClientKey, payments: readonly PaymentOrder[]): Promise<{ readonly digest: Digest; readonly ids: readonly Digest[] }> {
    const { chain, treasury } = this.#session;
    let digest = '';
    let ids: readonly Digest[] = [];
    await this.send(key, (firstNonce) => {
      const built = buildImport({ chain, treasury: treasury.id, proposer: key.publicKey, firstNonce, payments });
      if (!built.ok) throw new Error(built.violations[0]?.description);
      digest = built.import;
      ids = built.disbursements;
      return built.transactions;
    });
    this.told.imports.push(digest);
    this.told.payments += payments.length;
    return { digest, ids };
  }
  async approve(key: ClientKey, digest: Digest): Promise<void> {
    await this.send(key, (n) => [buildApproval(this.#author(key, n), this.#session.treasury.id, digest)]);
  }
  /** Against its execution: exactly one of the two wins, and the other is told. */
  async cancel(key: ClientKey, id: Digest): Promise<void> {
    const [outcome] = await this.try(key, (n) => [buildCancel(this.#author(key, n), this.#session.treasury.id, id)]);
    if (!(outcome instanceof BursarError)) this.told.cancels.won += 1;
    else if (outcome.reason === 'ALREADY_EXECUTED') this.told.cancels.lost += 1;
    else throw outcome;
  }

  /** Resolves when everything of every import is paid, cancelled or held back. @throws after `timeoutMs` with what is not */
  async rest(timeoutMs: number, onProgress: (open: number) => void = () => {}): Promise<void> {
    const open = new Set(this.told.imports);
    let last = '';
    for (const deadline = Date.now() + timeoutMs; open.size > 0; await sleep(POLL_MS)) {
      for (const digest of [...open].slice(0, 20)) {
        const status = await importStatus(this.#session, digest).catch((e) => errorFrom(e));
        if (status instanceof BursarError) last = status.message;
        else if (ended(status.counts) === status.items) open.delete(digest);
        else last = `import ${digest}: ${JSON.stringify(status.counts)}`;
      }
      onProgress(open.size);
      if (Date.now() > deadline) throw new Error(`${open.size} imports do not come to rest within ${timeoutMs} ms (${last})`);
    }
  }
}
const ended = (counts: Readonly<Record<string, number>>): number =>
  (counts['executed'] ?? 0) + (counts['cancelled'] ?? 0) + (counts['blocked'] ?? 0);
