/** Accounts with money, before the clock of the history starts. */
import type { Session } from '../../apps/bursar/src/operations/session.ts';
import { settleOwn } from '../../apps/bursar/src/operations/session.ts';
import { buildTransfer, type ClientKey } from '../../libs/client/src/index.ts';

export async function openAccounts(session: Session, from: ClientKey, accounts: readonly ClientKey[], funds: number): Promise<void> {
  for (const { publicKey } of accounts)
    await settleOwn(session, from, (nonce) =>
      buildTransfer({ chain: session.chain, signer: from.publicKey, nonce }, publicKey, BigInt(funds)),
    );
}
