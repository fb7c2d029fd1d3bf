/** Evidence (docs/protocol.md, "Evidence"): recorded once for each offender, height and kind. What it costs is decided elsewhere (V4). */
import { verify } from '@bursar/crypto';
import {
  type ActionOf,
  checkEvidence,
  type Digest,
  type EvidenceContext,
  evidenceKind,
  type Hex32,
  type RejectionName,
  type TransactionResult,
  ZERO_DIGEST,
} from '@bursar/protocol';
import { bounds } from '../bounds.ts';
import type { Offence, Offender } from '../entities.ts';
import type { State } from '../state.ts';
import { offenceDigest } from '../state-codecs.ts';

/**
 * `transaction` stands at `index` of the block, in a batch of `origin`. Whoever signed it: the two signatures inside are the proof. They
 * are verified here, unlike those of transactions, so that what is recorded follows from the chain alone, and last, so that only
 * what could be recorded costs anything.
 */
export function recordEvidence(
  s: State,
  signer: Hex32,
  { evidence }: ActionOf<'evidence'>,
  transaction: Digest,
  index: number,
  origin: number,
): TransactionResult | RejectionName {
  const kind = evidenceKind(evidence);
  if (kind === undefined || s.validatorKeys[evidence.validator] === undefined) return 'EvidenceInvalid';
  if (evidence.height > s.height) return 'SequenceGap'; // nobody honest votes so far ahead; it may come true, then it may come again
  const key = `${evidence.height}/${kind}`;
  const offender = s.offenders.get(evidence.validator);
  const before = offender?.offences.get(key);
  if (before) return before.transaction === transaction ? resultOf(before) : 'EvidenceKnown';
  if (offender && offender.offences.size >= bounds.evidencePerOffender) return 'EvidenceFull';
  const left = s.evidenceLeft.get(origin) ?? bounds.evidencePerOrigin;
  if (left === 0) return 'RateLimited';
  s.evidenceLeft.set(origin, left - 1);
  if (!checkEvidence(evidence, contextOf(s))) return 'EvidenceInvalid';

  const offence: Offence = { kind, evidence, reporter: signer, transaction, height: s.height, time: s.time, index };
  const of = offender ?? openOffender(s, evidence.validator);
  of.offences.set(key, offence);
  s.offences.push(offence);
  of.history = offenceDigest(of.history, offence);
  s.touchOffender(of);
  return resultOf(offence);
}

const contextOf = (s: State): EvidenceContext => ({
  chain: s.chain,
  epoch: 0,
  publicKey: (validator) => s.validatorKeys[validator],
  verify,
});

function openOffender(s: State, validator: number): Offender {
  const made: Offender = { validator, offences: new Map(), history: ZERO_DIGEST, slot: s.tree.newSlot(), dirty: false };
  s.offenders.set(validator, made);
  return made;
}

const resultOf = ({ transaction, height, index }: Offence): TransactionResult => ({
  kind: 'transaction',
  transaction,
  code: 0,
  consumed: true,
  height,
  index,
  items: [],
});
