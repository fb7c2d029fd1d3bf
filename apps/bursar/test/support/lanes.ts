/** Load that remembers every promise: accounts that each send one transfer after the other to validators that come and go. */
import { setTimeout as sleep } from 'node:timers/promises';
import {
  buildTransfer,
  type ClientKey,
  keyFromSeed,
  type Signed,
  settleMany,
  signTransaction,
  submit,
  type ValidatorClient,
} from '@bursar/client';
import { type Digest, fromHex } from '@bursar/protocol';
import type { Random } from '@bursar/simulator';
import { nextNonce, type Session } from '../../src/operations/session.ts';

export interface Lanes {
  /** Answered with its id by one validator, whose index stands here: never sent again, and yet to become final. */
  readonly accepted: ReadonlyMap<Digest, number>;
  readonly keys: readonly ClientKey[];
  /** What every transfer goes to. */
  readonly payee: string;
  /** How many are final by now. */
  final(): number;
  /** What this validator accepted and nobody has shown to be final yet. */
  waiting(validator: number): Digest[];
  /** Resolves as soon as this validator accepts something, to true; after `atMostMs` to false. */
  accepts(validator: number, atMostMs: number): Promise<boolean>;
  /** Sends nothing more; resolves when all that was accepted is final. @throws for what is not */
  stop(): Promise<void>;
}

const AMOUNT = 1n;
/** So long, at most, a transfer may take to be accepted, and then to be final, outages included. */
const PATIENCE_MS = 90_000;

/** @param from pays for the accounts @param places `settled`: each lane keeps to one validator, whatever becomes of it; `any`: another one each time */
export async function startLanes(
  session: Session,
  from: ClientKey,
  count: number,
  random: Random,
  places: 'any' | 'settled' = 'any',
): Promise<Lanes> {
  const { connection, chain } = session;
  const tag = random.u32();
  const keys = Array.from({ length: count }, (_, i) => keyFromSeed(Buffer.alloc(32, `lane ${tag} ${i} `)));
  const payee = keyFromSeed(Buffer.alloc(32, `payee ${tag} `)).publicKey;
  const transfer = (key: ClientKey, nonce: bigint, to: string, amount: bigint): Signed =>
    signTransaction(key, buildTransfer({ chain, signer: key.publicKey, nonce }, to, amount));
  const first = await nextNonce(session, from.publicKey);
  await settleMany(
    connection,
    keys.map((k, i) => transfer(from, first + BigInt(i), k.publicKey, 1_000_000n)),
  );

  const accepted = new Map<Digest, number>();
  const final = new Set<Digest>();
  const watching = new Set<(by: number) => void>();
  let stopping = false;
  const { validators } = connection;
  /** A call that failed may have been taken all the same: the same bytes again, until somebody says so. */
  const offer = async (tx: Signed, home: number): Promise<void> => {
    for (const deadline = Date.now() + PATIENCE_MS; !accepted.has(tx.id); ) {
      const place = places === 'any' ? random.below(validators.length) : home;
      await submit(validators[place] as ValidatorClient, tx).then(
        () => {
          accepted.set(tx.id, place);
          for (const told of watching) told(place);
        },
        () => sleep(20),
      );
      if (Date.now() > deadline) throw new Error(`nobody has taken transfer ${tx.id} within ${PATIENCE_MS} ms`);
    }
  };
  const settled = async (key: ClientKey, nonce: bigint, id: Digest): Promise<void> => {
    for (const deadline = Date.now() + PATIENCE_MS; ; ) {
      await random
        .pick(validators)
        .transactions.wait({ transactionId: fromHex(id) }, { timeoutMs: 1_000 })
        .catch(() => sleep(20));
      if ((await nextNonce(session, key.publicKey).catch(() => 0n)) > nonce) return;
      if (Date.now() > deadline) throw new Error(`transfer ${id} was accepted and is not final after ${PATIENCE_MS} ms`);
    }
  };
  const lane = async (key: ClientKey, i: number): Promise<void> => {
    for (let nonce = 0n; !stopping; nonce++) {
      const tx = transfer(key, nonce, payee, AMOUNT);
      await offer(tx, i % validators.length);
      await settled(key, nonce, tx.id);
      final.add(tx.id);
    }
  };
  const running = Promise.all(keys.map(lane));
  running.catch(() => {}); // told by stop
  return {
    accepted,
    keys,
    payee,
    final: () => final.size,
    waiting: (validator) => [...accepted].filter(([id, by]) => by === validator && !final.has(id)).map(([id]) => id),
    accepts: (validator, atMostMs) =>
      new Promise((resolve) => {
        const end = (is: boolean) => {
          clearTimeout(timer);
          watching.delete(told);
          resolve(is);
        };
        const told = (by: number) => by === validator && end(true);
        const timer = setTimeout(() => end(false), atMostMs);
        watching.add(told);
      }),
    async stop() {
      stopping = true;
      await running;
    },
  };
}
