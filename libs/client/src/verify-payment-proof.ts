/** Checks a payment proof offline: a pure function of the file and a genesis that came another way (docs/protocol.md, "Offline proof"). */
import { ed25519 } from '@bursar/crypto';
import {
  approvalsByRole,
  BadGenesis,
  bandOf,
  bodyHash,
  chainId,
  type DisbursementBody,
  decode,
  decodeTransaction,
  disbursementBody,
  disbursementId,
  fromHex,
  type Genesis,
  type Header,
  importDigest,
  importLeaf,
  numberedPolicy,
  type PaymentReceipt,
  policyDigest,
  policyProblems,
  rejections,
  rolesByKey,
  signedTransaction,
  type TreasuryPolicy,
  transactionHash,
  treasuryAccount,
  treasuryId,
} from '@bursar/protocol';
import { certifiedHeader, provenResult } from './certified-header.ts';
import { inclusionRoot } from './inclusion-root.ts';
import { BadProofFile, type PaymentProof, parsePaymentProof } from './payment-proof.ts';
import { Broken, holds, type ProofLink, read, within } from './proof-links.ts';

export interface ProvenPayment {
  readonly chain: string;
  readonly network: string;
  readonly currency: Genesis['currency'];
  readonly treasury: string;
  /** 1: the policy of the genesis. Later ones were put in force by changes that the policy before them approved. */
  readonly policyVersion: number;
  readonly body: DisbursementBody;
  readonly receipt: PaymentReceipt;
  /** Height of the certified header above the payment. */
  readonly certifiedHeight: number;
  /** Names of the validators that signed it, and their share of the stake. */
  readonly signers: readonly string[];
  readonly signedStake: bigint;
  readonly totalStake: bigint;
  /** Keys that approved. */
  readonly approvers: readonly string[];
  /** Approvals that this amount needs, by role. */
  readonly required: Readonly<Record<string, number>>;
}
export type ProofVerdict =
  | { readonly valid: true; readonly payment: ProvenPayment }
  | {
      readonly valid: false;
      readonly rejection: 'ProofInvalid' | 'GenesisMismatch';
      readonly code: number;
      /** The link that broke. */
      readonly link: ProofLink;
      /** One sentence. */
      readonly reason: string;
      readonly remedy: string;
    };

/**
 * @param proof text of a proof file, whoever wrote it
 * @param genesis the genesis that the verifier trusts, never one that came with the proof
 */
export function verifyPaymentProof(proof: string, genesis: Genesis): ProofVerdict {
  try {
    return { valid: true, payment: prove(parsePaymentProof(proof), genesis) };
  } catch (e) {
    const broken =
      e instanceof BadProofFile ? new Broken('file', e.message) : e instanceof BadGenesis ? new Broken('genesis', e.message) : e;
    if (!(broken instanceof Broken)) throw e;
    const rejection = broken.link === 'genesis' ? 'GenesisMismatch' : 'ProofInvalid';
    const { code, remedy } = rejections[rejection];
    return { valid: false, rejection, code, link: broken.link, reason: broken.message, remedy };
  }
}

function prove(proof: PaymentProof, genesis: Genesis): ProvenPayment {
  const chain = chainId(genesis);
  holds(proof.chain === chain, 'genesis', `the proof is of chain ${proof.chain}, the genesis makes chain ${chain}`);
  const { head, signers, signedStake, totalStake } = certifiedHeader(proof, genesis, chain);
  const receipt = checkReceipt(proof, head);
  const { body, treasury } = checkBody(proof, genesis, receipt);
  const { version, policy } = checkPolicy(proof, receipt, body.treasury, genesis);
  checkImport(proof, receipt);
  const { approvers, required } = checkApprovals(proof, chain, policy, body.amount);
  return {
    chain,
    network: genesis.name,
    currency: genesis.currency,
    treasury,
    policyVersion: version,
    body,
    receipt,
    certifiedHeight: head.height,
    signers,
    signedStake,
    totalStake,
    approvers,
    required,
  };
}

/** The receipt stands under the results root of that header, which is the one above the payment's block. */
function checkReceipt({ receipt }: PaymentProof, head: Header): PaymentReceipt {
  const found = provenResult(receipt, head);
  holds(found.kind === 'payment', 'receipt', 'the receipt is not that of a payment');
  return found;
}

/** The body is the one that was paid, by the treasury, to the destination, in full. */
function checkBody(proof: PaymentProof, genesis: Genesis, receipt: PaymentReceipt): { body: DisbursementBody; treasury: string } {
  const body = read(disbursementBody, proof.body, 'body', 'the body of the payment');
  holds(bodyHash(body) === receipt.bodyHash, 'body', 'the body is not the one that the receipt names');
  holds(
    disbursementId(body.treasury, body.clientKey) === receipt.disbursement,
    'body',
    'the treasury and client key are not those of the receipt',
  );
  holds(proof.disbursement === receipt.disbursement, 'body', 'the file names another disbursement than the receipt');
  const treasury = genesis.treasuries.find((t) => treasuryId(t.name) === body.treasury);
  holds(treasury !== undefined, 'body', 'the genesis has no such treasury');
  holds(receipt.from === treasuryAccount(body.treasury), 'body', 'the money did not come from the account of the treasury');
  holds(receipt.to === body.destination, 'body', 'the money went to another account');
  holds(receipt.amount === body.amount, 'body', 'another amount was paid');
  return { body, treasury: treasury.name };
}

/** The policy is the one under which the validators paid: the receipt, which they certified, bears its digest. */
function checkPolicy(
  proof: PaymentProof,
  receipt: PaymentReceipt,
  treasury: string,
  genesis: Genesis,
): { version: number; policy: TreasuryPolicy } {
  const numbered = read(numberedPolicy, proof.policy, 'policy', 'the policy of the treasury');
  holds(policyDigest(numbered) === receipt.policy, 'policy', 'the policy is not the one that the receipt names');
  holds(numbered.treasury === treasury, 'policy', 'the policy is that of another treasury');
  const { version, policy } = numbered;
  const first = genesis.treasuries.find((t) => treasuryId(t.name) === treasury) as TreasuryPolicy;
  const isFirst = version === 1 && policyDigest({ treasury, version, policy: first }) === receipt.policy;
  holds(version > 1 || isFirst, 'policy', 'the first policy is not that of the genesis');
  const wrong = policyProblems(policy).next();
  holds(wrong.done === true, 'policy', `the policy contradicts itself: ${wrong.value}`);
  return numbered;
}

/** The payment is an item of the import that the receipt names. */
function checkImport(proof: PaymentProof, receipt: PaymentReceipt): void {
  const root = inclusionRoot(importLeaf(receipt.disbursement, receipt.bodyHash), proof.inImport);
  const body = decode(disbursementBody, proof.body);
  holds(root !== undefined, 'import', 'the path to the import has not the form of a path');
  holds(importDigest(body.treasury, root) === receipt.import, 'import', 'the payment is no item of the import that was paid');
  holds(proof.import === receipt.import, 'import', 'the file names another import than the receipt');
}

/** Enough different approvers of the policy, of each role that this amount needs, signed for this import on this chain. */
function checkApprovals(
  proof: PaymentProof,
  chain: string,
  { name, approval }: TreasuryPolicy,
  amount: bigint,
): Pick<ProvenPayment, 'approvers' | 'required'> {
  const roleOf = rolesByKey(approval);
  const approvers: string[] = [];
  for (const [i, raw] of proof.approvals.entries()) {
    const at = `approval ${i + 1}`;
    const { body, signature } = read(signedTransaction, raw, 'approvals', at);
    const tx = within('approvals', at, () => decodeTransaction(body));
    holds(tx.version === 1 && tx.chain === chain, 'approvals', `${at} was signed for another chain or version`);
    holds(tx.action.kind === 'approve', 'approvals', `${at} is no approval`);
    holds(tx.action.treasury === treasuryId(name), 'approvals', `${at} is for another treasury`);
    holds(tx.action.import === proof.import, 'approvals', `${at} approves another import`);
    holds(roleOf.has(tx.signer), 'approvals', `${at} was signed by a key that is no approver of the treasury`);
    holds(!approvers.includes(tx.signer), 'approvals', `${at} repeats an approver`);
    holds(
      approvers.every((a) => a < tx.signer),
      'approvals',
      'the approvals are not in ascending order of their keys',
    );
    holds(ed25519.verify(fromHex(tx.signer), transactionHash(body), signature), 'approvals', `the signature of ${at} does not verify`);
    approvers.push(tx.signer);
  }
  const needs = approval.bands[bandOf(approval, amount)]?.needs ?? [];
  const given = approvalsByRole(approval, roleOf, approvers);
  for (const [role, needed] of needs.entries()) {
    const there = given[role] ?? 0;
    holds(there >= needed, 'approvals', `${there} approvals of the role ${approval.roles[role]?.name} are there, ${needed} are needed`);
  }
  const required = Object.fromEntries(needs.flatMap((needed, role) => (needed > 0 ? [[approval.roles[role]?.name ?? '', needed]] : [])));
  return { approvers, required };
}
