/** Which payments the ledger has already, and with which body. */
import { type Digest, fromHex, toHex } from '@bursar/protocol';
import type { Session } from './session.ts';

export interface KnownPayment {
  readonly bodyHash: Digest;
  readonly state: string;
}
const PAGE = 1_000;

/** By id; unknown ones are not in it. */
export async function knownPayments({ connection }: Session, ids: readonly Digest[]): Promise<Map<Digest, KnownPayment>> {
  const known = new Map<Digest, KnownPayment>();
  for (let at = 0; at < ids.length; at += PAGE) {
    const disbursements = ids.slice(at, at + PAGE).map(fromHex);
    const answer = await connection.read((l) => l.findDisbursements({ disbursements }));
    for (const { id, bodyHash, state } of answer.disbursements) known.set(toHex(id), { bodyHash: toHex(bodyHash), state });
  }
  return known;
}
