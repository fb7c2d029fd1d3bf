/** A genuine proof, made with the real libraries by four validators and two approvers. */
import { ed25519 } from '@bursar/crypto';
import { genesisSet, toBitmap } from '@bursar/membership';
import { merkleProof, merkleRoot } from '@bursar/merkle';
import {
  type Action,
  bodyHash,
  type Certificate,
  certificate,
  chainId,
  type DisbursementBody,
  disbursementBody,
  disbursementId,
  encode,
  encodeTransaction,
  type Genesis,
  type Header,
  header,
  headerDigest,
  importDigest,
  importLeaf,
  MAX_AMOUNT,
  NO_DELAYS,
  NO_LIMITS,
  type NumberedPolicy,
  numberedPolicy,
  type PaymentReceipt,
  policyDigest,
  type Result,
  result,
  resultLeaf,
  signedTransaction,
  type TreasuryPolicy,
  transactionHash,
  treasuryAccount,
  treasuryId,
  voteHash,
  ZERO_DIGEST,
} from '@bursar/protocol';
import { type ClientKey, keyFromSeed } from '../../src/key-file.ts';
import type { PaymentProof } from '../../src/payment-proof.ts';

export const key = (name: string): ClientKey => keyFromSeed(Buffer.from(name.padEnd(32, '.')));
export const validators = [0, 1, 2, 3].map((i) => key(`validator-${i}`));
export const approvers = [1, 2, 3].map((i) => key(`approver-${i}`));
export const proposer = key('proposer');
const executor = key('executor');
export const payee = key('payee').publicKey;

export const genesis: Genesis = {
  version: 1,
  name: 'test',
  incarnation: 0,
  time: 1_700_000_000_000,
  currency: { code: 'EUR', exponent: 2 },
  validators: validators.map((v, i) => ({ name: `validator-${i}`, publicKey: v.publicKey, stake: 100n })),
  accounts: [],
  treasuries: [
    {
      name: 'payroll',
      proposers: [proposer.publicKey],
      approval: {
        roles: [
          { name: 'finance', keys: approvers.slice(0, 2).map((a) => a.publicKey) },
          { name: 'board', keys: approvers.slice(2).map((a) => a.publicKey) },
        ],
        bands: [
          { upTo: 10n, needs: [1, 0] },
          { upTo: MAX_AMOUNT, needs: [2, 0] },
        ],
      },
      limits: NO_LIMITS,
      guardians: [proposer.publicKey],
      guardianThreshold: 1,
      executors: [executor.publicKey],
      delays: NO_DELAYS,
    },
  ],
  shards: 1,
  leaseMs: 10_000,
  blockIntervalMs: 1_000,
  viewTimeoutMs: 1_000,
};
export const chain = chainId(genesis);
export const treasury = treasuryId('payroll');
/** The one of the genesis. */
export const policy: NumberedPolicy = { treasury, version: 1, policy: genesis.treasuries[0] as TreasuryPolicy };

const bodyOf = (i: number): DisbursementBody => ({
  treasury,
  clientKey: `salary-${i}`,
  destination: payee,
  amount: 100_000n + BigInt(i),
  lane: 'consumer',
  notBefore: 0,
  dependsOn: [],
  memo: `November ${i}`,
  payee: undefined,
  expectedReceipts: [],
  revision: 0,
  reverses: undefined,
});

/** Everything that the proof is made of, before it is encoded: a test changes one thing and makes the rest anew. */
export interface Facts {
  bodies: DisbursementBody[];
  index: number;
  approvals: { key: ClientKey; action: Action; chain: string; nonce: bigint }[];
  receipt: PaymentReceipt;
  policy: NumberedPolicy;
  header: Header;
  certificate: Omit<Certificate, 'digest' | 'signatures' | 'signers'>;
  signers: number[];
}

export function facts(): Facts {
  const bodies = [0, 1, 2, 3, 4].map(bodyOf);
  const index = 2;
  const body = bodies[index] as DisbursementBody;
  const digest = importOf(bodies);
  const approve: Action = { kind: 'approve', treasury, import: digest };
  return {
    bodies,
    index,
    approvals: [approvers[0], approvers[1]].map((k) => ({ key: k as ClientKey, action: approve, chain, nonce: 0n })),
    receipt: {
      kind: 'payment',
      disbursement: disbursementId(treasury, body.clientKey),
      bodyHash: bodyHash(body),
      import: digest,
      policy: policyDigest(policy),
      from: treasuryAccount(treasury),
      to: body.destination,
      amount: body.amount,
      height: 9,
      time: 1_700_000_009_000,
      transaction: 'ab'.repeat(32),
      leaseEpoch: 1n,
      seq: 4n,
      attempt: 0,
    },
    policy: { ...policy },
    header: {
      version: 1,
      chain,
      epoch: 0,
      height: 10,
      view: 0,
      proposer: 1,
      time: 1_700_000_010_000,
      parent: 'cd'.repeat(32),
      certificate: 'ef'.repeat(32),
      stateRoot: '12'.repeat(32),
      resultsRoot: ZERO_DIGEST,
      beacon: '34'.repeat(32),
      proofVersion: 0,
      proof: new Uint8Array(),
      skipped: new Uint8Array(1),
      nextValidators: genesisSet(genesis).hash,
      batches: '56'.repeat(32),
    },
    certificate: { kind: 'commit', chain, epoch: 0, height: 10, view: 0 },
    signers: [0, 2, 3],
  };
}

const leavesOf = (bodies: readonly DisbursementBody[]) =>
  bodies.map((b) => importLeaf(disbursementId(b.treasury, b.clientKey), bodyHash(b)));
export const importOf = (bodies: readonly DisbursementBody[]): string => importDigest(treasury, merkleRoot(leavesOf(bodies)));

type Certifying = Pick<Facts, 'header' | 'certificate' | 'signers'>;
/** The header above a block with these results, and the votes for it: canonical bytes. */
export function certified({ header: above, certificate: votes, signers }: Certifying, results: readonly Result[]) {
  const head = { ...above, resultsRoot: Buffer.from(merkleRoot(results.map(resultLeaf))).toString('hex') };
  const digest = headerDigest(head);
  const { kind, chain: c, epoch, height, view } = votes;
  const hash = voteHash({ chain: c, epoch, height, view, phase: kind === 'commit' ? 'commit' : 'prepare', digest });
  const signatures = signers.map((i) => ed25519.sign((validators[i] as ClientKey).secretKey, hash));
  return {
    header: encode(header, head),
    certificate: encode(certificate, { kind, chain: c, epoch, height, view, digest, signers: toBitmap(signers, 4), signatures }),
  };
}
/** The place of one of these results under their root. */
export const placeOf = (results: readonly Result[], index: number) => ({
  leaf: encode(result, results[index] as Result),
  index,
  count: results.length,
  path: merkleProof(results.map(resultLeaf), index),
});

export function proofOf(f: Facts): PaymentProof {
  const other: Result = { kind: 'transaction', transaction: 'ab'.repeat(32), code: 0, consumed: true, height: 9, index: 0, items: [0] };
  const results: Result[] = [other, f.receipt, { ...f.receipt, disbursement: '99'.repeat(32) }];
  const body = f.bodies[f.index] as DisbursementBody;
  const sorted = [...f.approvals].sort((a, b) => (a.key.publicKey < b.key.publicKey ? -1 : 1));
  return {
    chain,
    disbursement: f.receipt.disbursement,
    import: f.receipt.import,
    body: encode(disbursementBody, body),
    inImport: { index: f.index, count: f.bodies.length, path: merkleProof(leavesOf(f.bodies), f.index) },
    policy: encode(numberedPolicy, f.policy),
    approvals: sorted.map((a) => {
      const tx = encodeTransaction({ chain: a.chain, signer: a.key.publicKey, nonce: a.nonce, action: a.action });
      return encode(signedTransaction, { body: tx, signature: ed25519.sign(a.key.secretKey, transactionHash(tx)) });
    }),
    receipt: placeOf(results, 1),
    ...certified(f, results),
  };
}
