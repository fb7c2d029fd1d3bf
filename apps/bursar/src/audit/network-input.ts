/** What an audit of a network reads: the block logs of its validators, and what they tell of their books while they run. */
import { join } from 'node:path';
import type { Connection } from '@bursar/client';
import { type Digest, fromHex, type Hex32, toHex, treasuryId } from '@bursar/protocol';
import { readLog } from '@bursar/shared-core';
import type { Layout } from '../devnet/layout.ts';
import type { Session } from '../operations/session.ts';
import type { Claim, Kept } from './audit.ts';
import { blocksOf } from './block-record.ts';

/** @param folder the data folder of a validator's storage, running or not; nothing in it is changed */
export const keptIn = (name: string, folder: string): Kept => ({ name, blocks: blocksOf(readLog(join(folder, 'blocks'))) });

/** @param validators indexes; all of them when it is left out */
export const keptOf = (at: Layout, session: Pick<Session, 'genesis'>, validators = [...session.genesis.validators.keys()]): Kept[] =>
  validators.map((i) => keptIn(session.genesis.validators[i]?.name ?? String(i), at.data(i, 'storage')));

const ASK_MS = 2_000;

/** What each validator that answers says of its books, at heights of its own. Asked before the logs are read, which then reach so far. */
export async function claimsOf(
  { connection, genesis }: Pick<Session, 'genesis'> & { connection: Connection },
  accounts: readonly Hex32[] = [],
) {
  const ask = { timeoutMs: ASK_MS };
  const of = async (i: number): Promise<Claim[]> => {
    const name = genesis.validators[i]?.name ?? String(i);
    const ledger = connection.validators[i]?.ledger;
    if (!ledger) return [];
    const { height, stateRoot, supply, payments } = await ledger.getStatus({}, ask);
    const treasuries = genesis.treasuries.map((t): Digest => treasuryId(t.name));
    const told = await Promise.all(treasuries.map((t) => ledger.getTreasury({ treasury: fromHex(t) }, ask)));
    const held = await Promise.all(accounts.map((a) => ledger.getAccount({ account: fromHex(a) }, ask)));
    return [
      { name, height: Number(height), stateRoot: toHex(stateRoot), supply, payments: Number(payments) },
      ...told.map((t) => ({
        name,
        height: Number(t.height),
        balances: new Map([[toHex(t.account), t.balance]]),
        totalPaid: new Map([[toHex(t.treasury), t.totalPaid]]),
      })),
      ...held.map((a, n) => ({ name, height: Number(a.height), balances: new Map([[accounts[n] as Hex32, a.balance]]) })),
    ];
  };
  const all = await Promise.allSettled(connection.validators.map((_, i) => of(i)));
  return all.flatMap((a) => (a.status === 'fulfilled' && a.value[0]?.height !== 0 ? a.value : []));
}
