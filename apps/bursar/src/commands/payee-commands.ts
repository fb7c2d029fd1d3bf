/** The directory of payees. */
import { formatAccount, toHex } from '@bursar/protocol';
import type { ledger } from '@bursar/protocol/rpc';
import { payeesOf } from '../operations/directory.ts';
import { withSession } from '../operations/session.ts';
import { visible } from '../visible.ts';
import { json, line } from './output.ts';
import type { CommonOptions } from './payment-commands.ts';

export async function payeesCommand(options: CommonOptions): Promise<void> {
  await withSession(options.dir, async (session) => {
    const payees = await payeesOf(session);
    const account = (p: ledger.Payee): string | null => (p.active ? formatAccount(toHex(p.account)) : null);
    if (options.json) return json(payees.map((p) => ({ name: p.name, version: p.version, reference: p.reference, account: account(p) })));
    if (payees.length === 0) line('No payee was entered: bursar payees set NAME --account bur1…');
    for (const p of payees) {
      line(`${visible(p.name)}  (version ${p.version})${p.reference === '' ? '' : `, ${visible(p.reference)}`}`);
      line(`  ${account(p) ?? 'struck off'}`);
    }
  });
}
