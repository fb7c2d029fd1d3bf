/** The directory of payees as a payer's program uses it. */
import type { PaymentOrder } from '@bursar/client';
import { type AccountId, fromHex, toHex } from '@bursar/protocol';
import type { ledger } from '@bursar/protocol/rpc';
import { rejection } from '@bursar/shared-core';
import type { PaymentRow } from '../csv/read-payments.ts';
import type { KnownPayee } from '../iso20022/accounts.ts';
import type { Session } from './session.ts';

const PAGE = 1_000;
const MAX_PAGES = 1_000;

/** Every payee that was ever entered, those struck off among them, in the order of their entry. @throws InsufficientResources for more than a million */
export async function payeesOf({ connection, treasury }: Session): Promise<ledger.Payee[]> {
  const found: ledger.Payee[] = [];
  let pageToken = '';
  for (let page = 0; page < MAX_PAGES; page++) {
    const answer = await connection.read((l) => l.listPayees({ treasury: fromHex(treasury.id), pageSize: PAGE, pageToken }));
    found.push(...answer.payees);
    pageToken = answer.nextPageToken;
    if (pageToken === '') return found;
  }
  throw rejection('InsufficientResources', `the treasury has more than ${PAGE * MAX_PAGES} payees`, {
    remedy: 'Pay it with a program of your own that asks for single payees (Ledger.GetPayee).',
  });
}

type Entry = Pick<ledger.Payee, 'name' | 'version' | 'reference'> & { readonly account: AccountId };

export class Directory {
  readonly #byName = new Map<string, Entry>();
  readonly #byReference = new Map<string, Entry>();
  readonly #byAccount = new Map<AccountId, Entry[]>();

  constructor(payees: readonly ledger.Payee[]) {
    for (const { name, version, reference, active, account } of payees) {
      if (!active) continue;
      const entry = { name, version, reference, account: toHex(account) };
      this.#byName.set(name, entry);
      if (reference !== '') this.#byReference.set(reference, entry);
      this.#byAccount.set(entry.account, [...(this.#byAccount.get(entry.account) ?? []), entry]);
    }
  }

  /** By reference or by name; nobody when one payee has as reference what is another one's name. */
  resolve(text: string): KnownPayee | undefined {
    const [referred, named] = [this.#byReference.get(text), this.#byName.get(text)];
    const entry = referred && named && referred !== named ? undefined : (referred ?? named);
    return entry && { account: entry.account, payee: { name: entry.name, version: entry.version } };
  }

  /**
   * The payee that an account belongs to; of several, the one that is named. Whatever goes to a payee is made out to it, however the
   * file says whom it pays: so a change of the payee holds it.
   */
  payeeOf(account: AccountId, name: string): PaymentOrder['payee'] {
    const found = this.#byAccount.get(account);
    const entry = found?.find((e) => e.name === name) ?? found?.[0];
    return entry && { name: entry.name, version: entry.version };
  }

  /** Rows made out to payees. */
  madeOut(rows: readonly PaymentRow[]): PaymentRow[] {
    return rows.map((row) => {
      const payee = row.order.payee ?? this.payeeOf(row.order.destination, row.payee);
      return payee ? { ...row, order: { ...row.order, payee } } : row;
    });
  }
}

export const directoryOf = async (session: Session): Promise<Directory> => new Directory(await payeesOf(session));
