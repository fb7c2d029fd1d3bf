/**
 * Gate 2, signature (C5): a member of the set says it, on its own subject, and every signature that it stands on holds. What one turn of
 * the event loop brought is one job: here if it is small, else in a worker thread (docs/decisions/0009-ingress.md).
 */
import type { SignedMessage } from '@bursar/crypto';
import type { ValidatorSet } from '@bursar/membership';
import { checkSender, signaturesOf } from '@bursar/pbft';
import { type Digest, rejections } from '@bursar/protocol';
import { BursarError } from '@bursar/shared-core';
import type { SignaturePort } from '../../ports.ts';
import type { Envelope } from '../envelope.ts';
import type { MemoVerifier } from '../memo-verifier.ts';
import type { Structured } from './gate-1-structure.ts';
import { isWrong, type Wrong, wrong } from './refusal.ts';

declare const passed: unique symbol;
export type Authentic = Envelope & { readonly [passed]: 'signature' };

export interface SignatureGateParts {
  readonly set: ValidatorSet;
  readonly chain: Digest;
  /** Remembers what was valid: most of a certificate came before as votes. */
  readonly memo: MemoVerifier;
  readonly workers: SignaturePort;
  /** Signatures of one turn that are verified here: fewer than a trip to a worker costs. */
  readonly inPlaceMax: number;
  /** Signatures that a sender made us verify: they count against its rate. */
  readonly onCost: (sender: number, signatures: number) => void;
}
/** Where a message came from: the index at the end of its subject. */
export interface Arrived {
  readonly from: number;
  readonly message: Structured;
}
type Verdict = Authentic | Wrong;
type Signatures = readonly SignedMessage[];
const invalid = wrong('InvalidSignature', 'its signature, or one in its certificate, does not hold');

export class SignatureGate {
  readonly #parts: SignatureGateParts;

  constructor(parts: SignatureGateParts) {
    this.#parts = parts;
  }

  /**
   * One verdict for each, in order: UnknownValidator, WrongChain, MalformedMessage (a certificate inside), InvalidSignature,
   * SignatureVerificationTimeout, or the message. A promise only when a worker has to be asked.
   */
  check(arrived: readonly Arrived[]): readonly Verdict[] | Promise<readonly Verdict[]> {
    const { memo, workers, inPlaceMax } = this.#parts;
    const opened = arrived.map((a) => this.#open(a));
    const unknown = opened.filter((o): o is Signatures => !isWrong(o) && o.length > 0);
    const settle = (judge: (signatures: Signatures) => Wrong | undefined): readonly Verdict[] =>
      opened.map((o, i) => (isWrong(o) ? o : (judge(o) ?? (arrived[i]?.message as Envelope as Authentic))));
    if (unknown.reduce((sum, o) => sum + o.length, 0) <= inPlaceMax)
      return settle((o) => (o.every((s) => memo.verify(s.publicKey, s.message, s.signature)) ? undefined : invalid));
    return workers.verify(unknown).then(
      (answers) => {
        const valid = new Set(unknown.filter((_, i) => answers[i]));
        for (const o of valid) for (const s of o) memo.remember(s);
        return settle((o) => (o.length === 0 || valid.has(o) ? undefined : invalid));
      },
      (error: unknown) => settle((o) => (o.length === 0 ? undefined : noAnswer(error))),
    );
  }

  /** Its signatures that were not verified before, the sender's first. */
  #open({ from, message: { message } }: Arrived): Signatures | Wrong {
    const { set, chain, memo, onCost } = this.#parts;
    const { validator } = message.vote;
    if (from !== validator) return wrong('UnknownValidator', `it came on the subject of validator ${from}`);
    const stranger = checkSender(set, chain, message);
    if (stranger !== undefined) return wrong(stranger, 'it is not of a member of this set, or names one that is not');
    const signatures = signaturesOf(set, chain, message);
    if (typeof signatures === 'string') return wrong(signatures, 'the certificate in it');
    const unknown = signatures.filter((s) => !memo.isKnown(s));
    if (unknown.length > 1) onCost(validator, unknown.length - 1);
    return unknown;
  }
}

function noAnswer(error: unknown): Wrong {
  const why = error instanceof Error ? error.message : 'no worker answers';
  const isOurs = error instanceof BursarError && error.code === rejections.InsufficientResources.code;
  return wrong(isOurs ? 'InsufficientResources' : 'SignatureVerificationTimeout', why);
}
