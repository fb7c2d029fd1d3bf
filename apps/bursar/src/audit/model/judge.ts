/** One transaction against the model: what must have become of it. */
import { verify } from '@bursar/crypto';
import {
  type Action,
  type ActionOf,
  checkEvidence,
  type Digest,
  evidenceKind,
  type Hex32,
  type RejectionName,
  type Transaction,
} from '@bursar/protocol';
import { approveChange, cancelChange, proposeChange } from './changes.ts';
import { hold, release } from './holds.ts';
import { approve, cancel, importChunk, importSeal } from './imports.ts';
import { lease, pause, resume } from './leases.ts';
import { executeBatch } from './payments.ts';
import { firstOf, refused, type Verdict } from './verdict.ts';
import type { World } from './world.ts';

export type Judgement = Verdict | { readonly again: Uint8Array };
type Kind = Exclude<Action['kind'], 'executeBatch' | 'evidence'>;

const byKind: { readonly [K in Kind]: (w: World, signer: Hex32, a: ActionOf<K>, id: Digest) => Verdict } = {
  transfer: (w, signer, { to, amount }) => ({
    expected: firstOf(amount === 0n && 'AmountInvalid', w.account(signer).balance < amount && 'InsufficientFunds'),
    apply: () => w.move(signer, to, amount),
  }),
  importChunk,
  importSeal,
  approve,
  cancel,
  lease,
  pause,
  resume,
  proposeChange,
  approveChange,
  cancelChange,
  hold,
  release,
};

/** Reasons that leave the nonce unused: the same bytes may come again. */
export const unconsumed: ReadonlySet<RejectionName> = new Set([
  'MalformedMessage',
  'WrongChain',
  'UnknownAccount',
  'NonceTooLow',
  'NonceGap',
]);

/** @param tx undefined: its bytes are no transaction */
export function judge(w: World, tx: Transaction | undefined, id: Digest): Judgement {
  if (tx?.version !== 1) return refused('MalformedMessage');
  if (tx.chain !== w.chain) return refused('WrongChain');
  const { action, signer, nonce } = tx;
  if (action.kind === 'executeBatch' || action.kind === 'evidence') {
    if (nonce !== 0n) return refused('MalformedMessage'); // these count by shard and seq, or by offence
    return action.kind === 'evidence' ? convict(w, action, id) : executeBatch(w, signer, action, id);
  }
  const account = w.accounts.get(signer);
  if (!account) return refused('UnknownAccount');
  const verdict = byKind[action.kind](w, signer, action as never, id);
  if (nonce !== account.nonce)
    return { ...refused(nonce < account.nonce ? 'NonceTooLow' : 'NonceGap'), ...(verdict.apply && { apply: verdict.apply }) };
  return verdict;
}

function convict(w: World, { evidence: e }: ActionOf<'evidence'>, id: Digest): Judgement {
  const kind = evidenceKind(e);
  const before = w.offences.get(`${e.validator}/${e.height}/${kind}`);
  if (before) return before.transaction === id ? { again: before.result } : refused('EvidenceKnown');
  if (e.height > w.height && kind !== undefined && w.validatorKeys[e.validator]) return refused('SequenceGap');
  const context = { chain: w.chain, epoch: 0, publicKey: (v: number) => w.validatorKeys[v], verify };
  return { expected: checkEvidence(e, context) === undefined ? 'EvidenceInvalid' : undefined, tolerated: ['EvidenceFull', 'RateLimited'] };
}
