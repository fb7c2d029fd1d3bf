/** proof and verify: evidence of one payment, and its check with nothing but a genesis. */
import { readFileSync, writeFileSync } from 'node:fs';
import { fetchPaymentProof, formatPaymentProof, type ProvenPayment, verifyPaymentProof } from '@bursar/client';
import { type Digest, formatAccount } from '@bursar/protocol';
import { BursarError, messageOf, reasonOf } from '@bursar/shared-core';
import { usage } from '../errors.ts';
import { paymentId } from '../operations/pay.ts';
import { readGenesis, type Session, withSession } from '../operations/session.ts';
import { visible } from '../visible.ts';
import { json, line, money } from './output.ts';
import type { CommonOptions } from './payment-commands.ts';

/** @returns the text of a proof file */
export async function proofText(session: Session, id: Digest): Promise<string> {
  return formatPaymentProof(await fetchPaymentProof(session.connection, session.genesis, id));
}

export async function proofCommand(text: string, options: CommonOptions & { readonly out?: string }): Promise<void> {
  await withSession(options.dir, async (session) => {
    const id = paymentId(session, text);
    const proof = await proofText(session, id);
    if (options.out === undefined) return void process.stdout.write(proof);
    try {
      writeFileSync(options.out, proof);
    } catch (e) {
      throw usage(`cannot write ${options.out}: ${messageOf(e)}`, 'Name a file in a folder that you may write.');
    }
    if (options.json) json({ disbursement: id, proofFile: options.out });
    else
      line(
        `Proof of payment ${id} written to ${options.out}.\nAnyone who has the genesis can check it: bursar verify ${options.out} --genesis FILE`,
      );
  });
}

/** Offline: reads two files and nothing else. @throws ProofInvalid naming the link that broke */
export function verifyCommand(file: string, options: { readonly genesis: string; readonly json?: boolean }): void {
  const { genesis, chain } = readGenesis(options.genesis);
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (e) {
    throw usage(`cannot read the proof ${file}: ${messageOf(e)}`, 'Give the path of a proof file.');
  }
  const verdict = verifyPaymentProof(text, genesis);
  if (verdict.valid) {
    if (options.json) json(shown(verdict.payment));
    else sentences(verdict.payment, options.genesis);
    return;
  }
  throw new BursarError({
    code: verdict.code,
    reason: reasonOf(verdict.rejection),
    message: `the proof does not hold: ${verdict.reason}`,
    remedy: verdict.remedy,
    severity: 'critical',
    details: { link: verdict.link, chain },
    ...(verdict.rejection === 'GenesisMismatch' ? { exitCode: 78 } : {}),
  });
}

const shown = (p: ProvenPayment) => ({
  valid: true,
  chain: p.chain,
  network: p.network,
  treasury: p.treasury,
  disbursement: p.receipt.disbursement,
  clientKey: p.body.clientKey,
  destination: formatAccount(p.body.destination),
  amount: p.body.amount,
  currency: p.currency.code,
  memo: p.body.memo,
  paidAt: new Date(p.receipt.time).toISOString(),
  height: p.receipt.height,
  approvers: p.approvers.map(formatAccount),
  required: p.required,
  signers: p.signers,
  signedStake: p.signedStake,
  totalStake: p.totalStake,
});

const roles = ({ required }: ProvenPayment): string =>
  Object.entries(required)
    .map(([role, n]) => `${n} × ${role}`)
    .join(' and ');

function sentences(p: ProvenPayment, genesisFile: string): void {
  line('The proof holds.');
  line(`  paid       ${money(p.body.amount, p.currency)} to ${formatAccount(p.body.destination)}`);
  line(`  for        ${visible(p.body.clientKey)}${p.body.memo ? ` (${visible(p.body.memo)})` : ''}`);
  line(`  by         treasury ${p.treasury}, approved by ${roles(p)}`);
  line(`  when       ${new Date(p.receipt.time).toISOString()}, height ${p.receipt.height}`);
  line(`  final by   ${p.signers.join(', ')}: ${p.signedStake} of ${p.totalStake} stake signed height ${p.certifiedHeight}`);
  line(`  on chain   ${p.chain}`);
  line(`  trusting   ${genesisFile}, which you gave; nothing else was asked`);
}
