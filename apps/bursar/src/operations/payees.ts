/** The payees of a treasury, by the reference that they are known under outside. */
import { fromHex, toHex } from '@bursar/protocol';
import { rejection } from '@bursar/shared-core';
import type { KnownPayee } from '../iso20022/accounts.ts';
import type { Session } from './session.ts';

const PAGE = 1_000;
/** A million payees: about 300 MB. */
const MAX_PAGES = 1_000;

/** Those with a reference that are not struck off. @throws InsufficientResources for more than a million */
export async function payeesByReference({ connection, treasury }: Session): Promise<ReadonlyMap<string, KnownPayee>> {
  const found = new Map<string, KnownPayee>();
  let pageToken = '';
  for (let page = 0; page < MAX_PAGES; page++) {
    const answer = await connection.read((l) => l.listPayees({ treasury: fromHex(treasury.id), pageSize: PAGE, pageToken }));
    for (const { name, version, active, reference, account } of answer.payees)
      if (active && reference !== '') found.set(reference, { account: toHex(account), payee: { name, version } });
    pageToken = answer.nextPageToken;
    if (pageToken === '') return found;
  }
  throw rejection('InsufficientResources', `the treasury has more than ${PAGE * MAX_PAGES} payees`, {
    remedy: 'Write accounts (bur1…) into the file instead of references.',
  });
}
