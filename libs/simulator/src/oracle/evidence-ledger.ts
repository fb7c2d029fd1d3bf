/**
 * What reached each honest validator, and what it made of it: evidence names only the faulty and proves what it says, and whoever
 * contradicted himself before an honest validator's eyes is accused by it in the same step. The rule stands here a second time.
 */
import type { Verifier } from '@bursar/crypto';
import type { Input } from '@bursar/pbft';
import { type Certificate, type Digest, type Evidence, type Message, type Statement, viewChangeDigest, voteHash } from '@bursar/protocol';
import { Violation } from './violation.ts';

/** A validator that said more than this of one height may have made the engine forget some of it (C6). */
const FEW = 8;

type Said = Pick<Statement, 'phase' | 'view' | 'digest' | 'content'>;

export interface EvidenceFacts {
  readonly chain: Digest;
  readonly publicKeys: readonly Uint8Array[];
  readonly verifier: Verifier;
  readonly faulty: ReadonlySet<number>;
}

export class EvidenceLedger {
  readonly #facts: EvidenceFacts;
  /** Of each honest validator since its last start: faulty validator/height → what it heard of it. */
  readonly #heard = new Map<number, Map<string, Said[]>>();
  readonly #since = new Map<number, number>();
  /** validator/height that it accused. */
  readonly #accused = new Map<number, Set<string>>();
  /** validator/height that must be accused before the step is over. */
  readonly #due: string[] = [];

  /** Accusations, all together. */
  count = 0;

  constructor(facts: EvidenceFacts) {
    this.#facts = facts;
  }
  /** `since`: height that its storage holds; what is below is not its business. */
  started(who: number, since: number): void {
    this.#since.set(who, since);
    this.#heard.set(who, new Map());
    this.#accused.set(who, new Set());
  }
  /** Before its engine takes the input; `open` is its open height. */
  reached(who: number, input: Input, open: number): void {
    this.#due.length = 0; // of a step that a crash cut off
    if (input.type === 'message') this.#message(who, input.message, open);
    else if (input.type === 'notice') this.#certificate(who, input.certificate, open);
    else if (input.type === 'caught-up') for (const c of input.certificates) this.#certificate(who, c, Math.max(open, c.height));
  }
  #message(who: number, message: Message, open: number): void {
    const { vote, validator } = message.vote;
    const content = message.kind === 'view-change' ? message.content : undefined;
    if (vote.height <= open && this.#facts.faulty.has(validator)) this.#add(who, validator, vote.height, { ...vote, content });
    this.#certificate(who, message.kind === 'pre-prepare' ? message.certificate : content?.prepared, open);
  }
  #certificate(who: number, certificate: Certificate | undefined, open: number): void {
    if (certificate === undefined || certificate.height > open) return;
    const { kind, height, view, digest, signers } = certificate;
    const phase = kind === 'commit' ? 'commit' : 'prepare';
    for (const i of this.#facts.faulty)
      if ((((signers[i >> 3] ?? 0) >> (i & 7)) & 1) === 1) this.#add(who, i, height, { phase, view, digest, content: undefined });
  }
  accused(who: number, e: Evidence): void {
    const { chain, publicKeys, verifier, faulty } = this.#facts;
    const false_ = (why: string): never => {
      throw new Violation('evidence is true', `Validator ${who} accuses ${e.validator} at height ${e.height}: ${why}.`);
    };
    if (!faulty.has(e.validator)) false_('it is honest');
    for (const { phase, view, digest, signature, content } of [e.first, e.second]) {
      const hash = voteHash({ chain, epoch: e.epoch, height: e.height, view, phase, digest });
      if (!verifier.verify(publicKeys[e.validator] as Uint8Array, hash, signature)) false_(`its ${phase} is not signed`);
      if (content !== undefined && viewChangeDigest(content) !== digest) false_('the content is another');
    }
    if (!contradict(e.first, e.second)) false_('nothing contradicts');
    this.count++;
    this.#accused.get(who)?.add(`${e.validator}/${e.height}`);
  }
  /** After its engine took what reached it. */
  settled(who: number): void {
    const accused = this.#accused.get(who);
    for (const key of this.#due) if (accused !== undefined && !accused.has(key)) missed(who, key);
    this.#due.length = 0;
  }

  /** @param validator a faulty one */
  #add(who: number, validator: number, height: number, said: Said): void {
    const key = `${validator}/${height}`;
    const of = this.#heard.get(who);
    if (of === undefined || height <= (this.#since.get(who) ?? 0) || this.#accused.get(who)?.has(key)) return;
    const before = of.get(key) ?? [];
    if (before.some((o) => o.phase === said.phase && o.view === said.view && o.digest === said.digest)) return;
    of.set(key, [...before, said]);
    if (before.length < FEW && before.some((o) => contradict(o, said))) this.#due.push(key);
  }
}

function missed(who: number, key: string): never {
  throw new Violation('evidence is found', `Validator ${who} heard validator/height ${key} contradict itself and says nothing.`);
}

/** Two digests in one place, or a ViewChange that hides an older vote. */
function contradict(a: Said, b: Said): boolean {
  if (a.phase === b.phase) return a.view === b.view && a.digest !== b.digest;
  return hides(a, b) || hides(b, a);
}
function hides({ phase, view, content }: Said, vote: Said): boolean {
  if (phase !== 'view-change' || content === undefined || view <= vote.view) return false;
  const shown = vote.phase === 'prepare' ? content.lastVote : vote.phase === 'commit' ? content.prepared : vote;
  return shown === undefined || shown.view < vote.view || (shown.view === vote.view && shown.digest !== vote.digest);
}
