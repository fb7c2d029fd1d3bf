/** The end of a run: what validators tell of their books, then everything stops, then the audit of what is on their disks. */
import { type AuditReport, audit } from '../../apps/bursar/src/audit/audit.ts';
import { claimsOf, keptOf } from '../../apps/bursar/src/audit/network-input.ts';
import type { Told } from './load.ts';
import type { TreasuryNetwork } from './network.ts';

/** @param payees accounts whose balances the validators are asked for as well; each must have been paid something */
export async function judge({ net, session }: TreasuryNetwork, { accepted, done }: Told, payees: readonly string[]): Promise<AuditReport> {
  const { genesis, chain } = session;
  const claims = await claimsOf(session, payees);
  const silent = genesis.validators.filter((v) => !claims.some((c) => c.name === v.name));
  if (silent.length > 0) throw new Error(`${silent.map((v) => v.name).join(', ')} did not tell of its books`);
  await net.stopAll();
  return await audit({ genesis, chain, validators: keptOf(net.at, session), claims, accepted, done, atRest: true });
}
