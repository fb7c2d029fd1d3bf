/** Every payment of an import, and the digest that approvers sign made anew from them, for comparison on a second device. */
import { merkleRoot } from '@bursar/merkle';
import {
  bodyHash,
  type Digest,
  type DisbursementBody,
  decode,
  disbursementBody,
  disbursementId,
  formatAccount,
  importDigest,
  importLeaf,
} from '@bursar/protocol';
import { listPayments } from '../operations/import-status.ts';
import type { Session } from '../operations/session.ts';
import { visible } from '../visible.ts';
import { json, line, money } from './output.ts';

export interface ListedImport {
  readonly bodies: readonly DisbursementBody[];
  /** Made from these bodies; another one than was asked for when a payment was revised since, or the validator lies. */
  readonly recomputed: Digest;
}

export async function listImport(session: Session, digest: Digest): Promise<ListedImport> {
  const bodies = (await listPayments(session, digest)).map((d) => decode(disbursementBody, d.body));
  const leaves = bodies.map((b) => importLeaf(disbursementId(b.treasury, b.clientKey), bodyHash(b)));
  return { bodies, recomputed: importDigest(session.treasury.id, merkleRoot(leaves)) };
}

export async function listCommand(session: Session, digest: Digest, options: { readonly json?: boolean }): Promise<void> {
  const { bodies, recomputed } = await listImport(session, digest);
  const { currency } = session.genesis;
  if (options.json) {
    const payments = bodies.map((b) => ({ ...b, destination: formatAccount(b.destination), bodyHash: bodyHash(b) }));
    return json({ import: digest, recomputed, same: recomputed === digest, payments });
  }
  for (const b of bodies) {
    const to = b.payee ? `${b.payee.name} (version ${b.payee.version})` : '';
    line(visible(`${b.clientKey}  ${money(b.amount, currency)}  ${to}`.trimEnd()));
    line(`  ${formatAccount(b.destination)}`);
    line(`  ${bodyHash(b)}`);
  }
  line(`digest of what is listed: ${recomputed}`);
  line(
    recomputed === digest
      ? 'It is the digest that approvers sign.'
      : 'It is NOT the digest of this import: payments were revised since, or this validator does not tell the truth. Ask another one.',
  );
}
