import {
  type Action,
  type ActionOf,
  type Digest,
  decode,
  decodeExecuteBatch,
  decodeImportChunk,
  decodeTransaction,
  isExecuteBatch,
  isImportChunk,
  type PackedImportChunk,
  type RejectionName,
  rejections,
  type SignedTransaction,
  signedTransaction,
  type Transaction,
  transactionId,
} from '@bursar/protocol';
import { approve } from './actions/approve.ts';
import { cancel } from './actions/cancel.ts';
import { approveChange, cancelChange, proposeChange } from './actions/change.ts';
import { executeBatch } from './actions/execute-batch.ts';
import { hold, release } from './actions/hold.ts';
import { importChunk } from './actions/import-chunk.ts';
import { importSeal } from './actions/import-seal.ts';
import { lease } from './actions/lease.ts';
import { pause, resume } from './actions/pause.ts';
import { recordEvidence } from './actions/record-evidence.ts';
import { transfer } from './actions/transfer.ts';
import type { BlockResults } from './block-results.ts';
import type { Account } from './entities.ts';
import type { State } from './state.ts';

/**
 * Applies one entry of a batch, whatever its bytes are, and adds its result and receipts to `results`. The signature is not looked
 * at: every honest validator checked it before its Prepare, so the block's certificate vouches for it.
 */
export function applyTransaction(s: State, bytes: Uint8Array, index: number, origin: number, results: BlockResults): void {
  const signed = parse(() => decode(signedTransaction, bytes));
  const id = transactionId(signed?.body ?? bytes);
  const verdict = signed ? applySigned(s, signed, id, index, origin, results) : refused('MalformedMessage');
  if (verdict === 'told') return;
  const code = verdict.reason ? rejections[verdict.reason].code : 0;
  results.transaction({ kind: 'transaction', transaction: id, code, consumed: verdict.consumed, height: s.height, index, items: [] });
}

/** `consumed`: the nonce is used up. */
interface Verdict {
  readonly reason: RejectionName | undefined;
  readonly consumed: boolean;
}
/** Nothing changed: the same bytes may come again. */
const refused = (reason: RejectionName): Verdict => ({ reason, consumed: false });

/** `told`: its results stand in `results` already. */
function applySigned(
  s: State,
  signed: SignedTransaction,
  id: Digest,
  index: number,
  origin: number,
  results: BlockResults,
): Verdict | 'told' {
  if (isExecuteBatch(signed.body)) return applyBatch(s, signed.body, id, index, results);
  const tx = parse(() => decodeOther(signed.body));
  if (tx?.version !== 1) return refused('MalformedMessage');
  if (tx.chain !== s.chain) return refused('WrongChain');
  if (tx.action.kind === 'evidence') {
    if (tx.nonce !== 0n) return refused('MalformedMessage'); // it counts once for each offence
    const outcome = recordEvidence(s, tx.signer, tx.action, id, index, origin);
    if (typeof outcome === 'string') return refused(outcome);
    results.transaction(outcome);
    return 'told';
  }
  const account = s.books.find(tx.signer);
  if (!account) return refused('UnknownAccount');
  if (tx.nonce < account.nonce) return refused('NonceTooLow');
  if (tx.nonce > account.nonce) return refused('NonceGap');
  account.nonce += 1n;
  s.books.touch(account);
  return { reason: act(s, account, tx.action, { id, nonce: tx.nonce }), consumed: true };
}

function applyBatch(s: State, body: Uint8Array, id: Digest, index: number, results: BlockResults): Verdict | 'told' {
  const tx = parse(() => decodeExecuteBatch(body));
  if (tx?.version !== 1) return refused('MalformedMessage');
  if (tx.chain !== s.chain) return refused('WrongChain');
  if (tx.nonce !== 0n) return refused('MalformedMessage'); // its order is (shard, seq)
  const refusal = executeBatch(s, tx.signer, tx.action, id, index, results);
  return refusal === undefined ? 'told' : refused(refusal);
}

function parse<T>(decodeIt: () => T): T | undefined {
  try {
    return decodeIt();
  } catch {
    return undefined; // DecodeError, or a RangeError of the same bytes: no canonical form either way
  }
}

type Evidence = ActionOf<'evidence'>;
/** Chunks come packed. */
type Acted = Exclude<Action, Evidence | { kind: 'executeBatch' | 'importChunk' }> | PackedImportChunk['action'];
type Other<A> = Omit<Transaction, 'action'> & { readonly action: A };

/** All but executeBatch. @throws DecodeError */
function decodeOther(body: Uint8Array): Other<Acted | Evidence> {
  if (isImportChunk(body)) return decodeImportChunk(body);
  return decodeTransaction(body) as Other<Exclude<Acted | Evidence, { kind: 'importChunk' }>>; // the tag says so
}

function act(
  s: State,
  account: Account,
  a: Acted,
  transaction: { readonly id: Digest; readonly nonce: bigint },
): RejectionName | undefined {
  switch (a.kind) {
    case 'transfer':
      return transfer(s, account, a);
    case 'importChunk':
      return importChunk(s, account.id, a);
    case 'importSeal':
      return importSeal(s, account.id, a);
    case 'approve':
      return approve(s, account.id, a);
    case 'cancel':
      return cancel(s, account.id, a);
    case 'lease':
      return lease(s, account.id, a);
    case 'pause':
      return pause(s, account.id, a);
    case 'resume':
      return resume(s, account.id, a);
    case 'proposeChange':
      return proposeChange(s, account.id, a, transaction);
    case 'approveChange':
      return approveChange(s, account.id, a);
    case 'cancelChange':
      return cancelChange(s, account.id, a);
    case 'hold':
      return hold(s, account.id, a);
    case 'release':
      return release(s, account.id, a);
  }
}
