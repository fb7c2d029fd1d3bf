/** Signed transfers at a fixed rate, whatever becomes of those before (an open loop): a slow network finds no mercy. */
import { setTimeout as sleep } from 'node:timers/promises';
import {
  buildTransfer,
  type ClientKey,
  connect,
  keyFromSeed,
  readKeyFile,
  type Signed,
  settleEach,
  settleMany,
  signTransaction,
} from '../../libs/client/src/index.ts';
import type { Digest } from '../../libs/protocol/src/index.ts';
import { BursarError } from '../../libs/shared-core/src/index.ts';
import type { StressNetwork } from './network.ts';
import type { Settings } from './settings.ts';

export interface Outcome {
  /** Offered after the warm-up. */
  readonly counts: boolean;
  readonly id: Digest;
  /** From the moment it was due until its result was provable; undefined: it was refused, or nothing is known of it. */
  readonly ms: number | undefined;
  /** Why it was refused for good. */
  readonly refused: string | undefined;
  /** A validator said that it is on its disk: a block must hold it, were it with a refusal that lets the same bytes come again. */
  readonly accepted: boolean;
}
export interface Ran {
  readonly outcomes: readonly Outcome[];
  /** From the end of the warm-up until the last is known. */
  readonly seconds: number;
  /** Longest time in which this program did not get the processor: when it is seconds, the machine stood still, and the network with it. */
  readonly longestPauseMs: number;
}
export interface Load {
  readonly total: number;
  run(onDone: (done: number) => void): Promise<Ran>;
  close(): void;
}

/** Longer apart than transfers of one account overtake each other. */
const SECONDS_APART = 2;
const TICK_MS = 50;
/** What is not final so long after it was sent counts as dropped. */
const PATIENCE_MS = 30_000;
const MEMO = 'x'.repeat(250);

export async function prepareLoad({ net, chain, addresses }: StressNetwork, { rate, seconds, warmUpSeconds }: Settings): Promise<Load> {
  const warm = rate * warmUpSeconds;
  const total = warm + rate * seconds;
  const client = readKeyFile(net.at.clientKey);
  const accounts = Array.from({ length: Math.min(total, rate * SECONDS_APART) }, (_, i) => keyFromSeed(seedOf(i)));
  // Each account stays with one validator, so that its nonces arrive in order; the client turns to another when that one does not answer.
  const connections = addresses.map((_, i) => connect([...addresses.slice(i), ...addresses.slice(0, i)]));
  const funding = accounts.map((k, i) =>
    signTransaction(client, buildTransfer({ chain, signer: client.publicKey, nonce: BigInt(i) }, k.publicKey, 1_000n)),
  );
  await settleMany(connections[0] as (typeof connections)[number], funding);
  const work: Signed[] = [];
  while (work.length < total) work.push(transfer(chain, accounts, work.length));

  const run: Load['run'] = async (onDone) => {
    const outcomes: Outcome[] = [];
    const running: Promise<void>[] = [];
    const started = performance.now();
    const due = (i: number): number => started + (i * 1_000) / rate;
    const settleGroup = async (place: number, group: readonly number[]): Promise<void> => {
      const txs = group.map((i) => work[i] as Signed);
      const settled = await settleEach(connections[place] as (typeof connections)[number], txs, { timeoutMs: PATIENCE_MS });
      const nowMs = performance.now();
      for (const [at, i] of group.entries())
        outcomes.push({ counts: i >= warm, ...outcomeOf((work[i] as Signed).id, settled[at], nowMs - due(i)) });
      onDone(outcomes.length);
    };
    let longestPauseMs = 0;
    for (let next = 0; next < total; ) {
      const before = performance.now();
      await sleep(TICK_MS);
      longestPauseMs = Math.max(longestPauseMs, performance.now() - before - TICK_MS);
      const until = Math.min(total, Math.ceil(((performance.now() - started) * rate) / 1_000));
      const numbers = Array.from({ length: until - next }, (_, i) => next + i);
      next = until;
      const byPlace = Map.groupBy(numbers, (i) => (i % accounts.length) % connections.length);
      for (const [place, group] of byPlace) running.push(settleGroup(place, group));
    }
    await Promise.all(running);
    return { outcomes, seconds: Math.max(seconds, (performance.now() - due(warm)) / 1_000), longestPauseMs };
  };
  return {
    total,
    run,
    close() {
      for (const c of connections) c.close();
    },
  };
}

function outcomeOf(id: Digest, settled: Awaited<ReturnType<typeof settleEach>>[number] | undefined, ms: number): Omit<Outcome, 'counts'> {
  if (!(settled instanceof BursarError)) return { id, ms, refused: undefined, accepted: true };
  const { reason, details } = settled;
  return { id, ms: undefined, refused: reason === 'PROCESSING_TIMEOUT' ? undefined : reason, accepted: details['accepted'] === 'true' };
}

function seedOf(i: number): Buffer {
  const seed = Buffer.alloc(32, 'stress');
  seed.writeUInt32BE(i, 28);
  return seed;
}
function transfer(chain: Digest, accounts: readonly ClientKey[], i: number): Signed {
  const key = accounts[i % accounts.length] as ClientKey;
  const to = accounts[(i + 1) % accounts.length] as ClientKey;
  const nonce = BigInt(Math.floor(i / accounts.length));
  return signTransaction(key, buildTransfer({ chain, signer: key.publicKey, nonce }, to.publicKey, 1n, MEMO));
}
