/**
 * Watches a whole run from outside and knows everything. It shares canonical bytes and hashes with the engine, no rule:
 * quorums stand in a table, certificates and votes are checked here anew. Everything throws {@link Violation}.
 */
import type { Verifier } from '@bursar/crypto';
import {
  type Block,
  type Certificate,
  type Digest,
  equalBytes,
  type Header,
  headerDigest,
  type Message,
  type MessageOf,
  type RejectionName,
  type SignedVote,
  type Vote,
  voteHash,
} from '@bursar/protocol';
import { DurableIndex } from './durable-index.ts';
import { EvidenceLedger } from './evidence-ledger.ts';
import { FinalChain } from './final-chain.ts';
import { LogFacts } from './log-facts.ts';
import { NewViews } from './new-views.ts';
import { type Quorum, quorumOf } from './quorum-table.ts';
import { Violation } from './violation.ts';
import { VoteLedger } from './vote-ledger.ts';

export interface OracleFacts {
  readonly chain: Digest;
  readonly stakes: readonly number[];
  readonly publicKeys: readonly Uint8Array[];
  readonly verifier: Verifier;
  readonly faulty: ReadonlySet<number>;
  /**
   * Stake of Prepares that makes a fast certificate: all, unless a mutant is to show what follows from less. Then its certificates
   * are taken for valid, so that only a fork betrays it.
   */
  readonly fast: number;
  /** Of mutants of the view change: only a fork counts, not the choice that leads to it. */
  readonly forksOnly: boolean;
  /** Ledger time of height 0. */
  readonly time: number;
  /** Everybody is up and in time: every block must be final on the fast path, unless two validators are a quorum. */
  readonly calm: boolean;
}

export class Oracle {
  readonly #facts: OracleFacts;
  readonly #quorum: Quorum;
  readonly #fastOnly: boolean;
  readonly votes: VoteLedger;
  /** Undefined: not looked at, as a mutant makes liars of honest validators. */
  readonly evidence: EvidenceLedger | undefined;
  readonly chain: FinalChain;
  readonly #newViews: NewViews;
  readonly #log = new LogFacts();
  readonly #disks: DurableIndex[];
  /** validator/height/view/phase → digest, of every vote that was ever asked for. */
  readonly #asked = new Map<string, string>();
  /** validator/height → highest view entered by a ViewChange. */
  readonly #left = new Map<string, number>();
  readonly #sent = new Set<string>();
  readonly #checked = new WeakSet<Certificate>();
  /** kind/height/view/digest → the last one that was valid: validators make the same ones, each for itself. */
  readonly #valid = new Map<string, Certificate>();
  readonly #digests = new WeakMap<Header, Digest>();
  /** Height → by which certificate it was final first. */
  readonly #kinds = new Map<number, Certificate['kind']>();

  constructor(facts: OracleFacts) {
    this.#facts = facts;
    this.#quorum = quorumOf(facts.stakes);
    // Where two validators are a quorum, the second prepares and commits in one turn: then Commits take two hops as well.
    const [first = 0, second = 0] = [...facts.stakes].sort((a, b) => b - a);
    this.#fastOnly = facts.calm && (facts.stakes.length < 3 || first + second < this.#quorum.quorum);
    this.votes = new VoteLedger(facts.stakes, this.#quorum, facts.faulty, facts.fast);
    this.evidence = facts.forksOnly ? undefined : new EvidenceLedger(facts);
    this.chain = new FinalChain(facts.stakes.length, facts.time);
    this.#newViews = new NewViews(facts.stakes, this.#quorum);
    this.#disks = facts.stakes.map(() => new DurableIndex(this.#log, (c) => this.certificate(c)));
  }
  /** An honest validator's engine asks its signer. */
  asked(who: number, vote: Vote): void {
    const key = `${who}/${vote.height}/${vote.view}/${vote.phase}`;
    const before = this.#asked.get(key);
    if (before === vote.digest) return;
    if (before !== undefined)
      throw new Violation('no double vote', `Validator ${who}, ${vote.phase} at ${vote.height}/${vote.view}: second digest.`);
    const left = this.#left.get(`${who}/${vote.height}`) ?? 0;
    if (vote.view < left)
      throw new Violation('no double vote', `Validator ${who} votes in ${vote.height}/${vote.view} after it entered view ${left}.`);
    this.#asked.set(key, vote.digest);
    if (vote.phase === 'view-change') this.#left.set(`${who}/${vote.height}`, vote.view);
  }
  /** Its log is gone: what it asked for and what was not signed never happened. */
  logLost(who: number, rows: readonly SignedVote[]): void {
    this.#disks[who] = new DurableIndex(this.#log, (c) => this.certificate(c));
    for (const map of [this.#asked, this.#left] as Map<string, unknown>[])
      for (const key of map.keys()) if (key.startsWith(`${who}/`)) map.delete(key);
    for (const { vote } of rows) this.asked(who, vote);
  }
  /** A record of an honest validator's log is on disk. */
  durable(who: number, record: Uint8Array): void {
    this.#disks[who]?.add(record);
  }
  durableBody(who: number, digest: Digest): void {
    this.#disks[who]?.addBody(digest);
  }
  /** An honest validator sends a message; `signed`: its signer holds the row. */
  sent(who: number, message: Message, signed: () => boolean): void {
    const { vote, validator } = message.vote;
    if (validator !== who) return; // a stored message of somebody else
    const key = `${who}/${vote.height}/${vote.view}/${message.kind}/${vote.digest}`;
    if (this.#sent.has(key)) return;
    this.#sent.add(key);
    this.#disks[who]?.check(message, signed(), who);
    if (message.kind === 'view-change') this.#wholeReport(who, message);
    this.votes.add(who, vote);
  }
  /** What contradicts it would be evidence against an honest validator (K6). */
  #wholeReport(who: number, { vote: { vote }, content }: MessageOf<'view-change'>): void {
    if (this.#facts.forksOnly) return;
    const highest = (phase: 'prepare' | 'commit'): number => {
      for (let view = vote.view - 1; view >= 0; view--) if (this.#asked.has(`${who}/${vote.height}/${view}/${phase}`)) return view;
      return -1;
    };
    if ((content.lastVote?.view ?? -1) < highest('prepare') || (content.prepared?.view ?? -1) < highest('commit'))
      throw new Violation(
        'no vote forgotten',
        `Validator ${who} left view ${vote.view - 1} of height ${vote.height} and forgot how it voted.`,
      );
  }
  /** An honest validator takes a block for final. */
  final(who: number, block: Block, c: Certificate): void {
    const { header } = block;
    const id = this.#digestOf(header);
    if (c.kind === 'prepared' || c.digest !== id || c.height !== header.height)
      throw new Violation('certificate valid', `Validator ${who}: the certificate of height ${header.height} is for something else.`);
    this.certificate(c);
    if (this.#fastOnly && c.kind !== 'fast')
      throw new Violation('fast when calm', `Validator ${who}: height ${header.height} by a ${c.kind} certificate.`);
    if (!this.#kinds.has(header.height)) this.#kinds.set(header.height, c.kind);
    this.votes.decide(header.height, id, `a certificate of view ${c.view} at validator ${who}`);
    const parent = header.height === 1 ? this.#facts.chain : this.votes.decided(header.height - 1);
    if (parent !== undefined && header.parent !== parent)
      throw new Violation('prefix', `Block ${header.height} at validator ${who} does not follow the final block before it.`);
    this.chain.add(block);
  }
  /** Headers are never changed: where they travel as objects, one look is enough. */
  #digestOf(header: Header): Digest {
    const known = this.#digests.get(header);
    if (known !== undefined) return known;
    const digest = headerDigest(header);
    this.#digests.set(header, digest);
    return digest;
  }
  /** Blocks by the certificate that the first validator to finish them had. */
  get finalBy(): { readonly fast: number; readonly slow: number } {
    const fast = [...this.#kinds.values()].filter((kind) => kind === 'fast').length;
    return { fast, slow: this.#kinds.size - fast };
  }
  executed(who: number, height: number, stateRoot: Digest): void {
    this.chain.executed(who, height, stateRoot);
  }
  /** An honest validator entered a view on the ground of these ViewChanges. */
  entered(who: number, height: number, view: number, set: readonly MessageOf<'view-change'>[], mandatory: Digest | undefined): void {
    if (this.#facts.forksOnly) return;
    this.#newViews.entered(who, height, view, set, mandatory);
    for (const { content } of set) if (content.prepared !== undefined) this.certificate(content.prepared);
  }
  /** An honest validator refuses a message of an honest one. */
  refused(who: number, name: RejectionName, from: number): void {
    if (this.#facts.calm && name !== 'DuplicateMessage')
      throw new Violation('nothing refused when calm', `Validator ${who} refuses a message of validator ${from}: ${name}.`);
  }
  /** The run is over: these are the chains of the honest validators. */
  ended(chains: readonly { readonly index: number; digestAt(height: number): Digest | undefined; readonly height: number }[]): void {
    for (const { index, height, digestAt } of chains)
      for (let h = 1; h <= height; h++)
        if (digestAt(h) !== this.votes.decided(h))
          throw new Violation('visible survives', `Validator ${index} holds another block ${h} than the one that was final.`);
  }
  /** An honest validator thinks that its signer has lost something. */
  falseAlarm(who: number): never {
    throw new Violation('no false alarm', `Validator ${who} saw a signature of its own that it lacks.`);
  }
  halted(who: number, name: string, reason: string): never {
    throw new Violation('no halt', `Validator ${who}: ${name}, ${reason}`);
  }
  /** A certificate that an honest validator believes in. */
  certificate(c: Certificate): void {
    if (this.#checked.has(c)) return;
    this.#checked.add(c);
    const { chain, epoch, height, view, digest } = c;
    const key = `${c.kind}/${height}/${view}/${digest}`;
    const before = this.#valid.get(key);
    if (before !== undefined && isSame(before, c)) return;
    const bad = (why: string): never => {
      throw new Violation('certificate valid', `${c.kind} certificate of ${height}/${view}: ${why}.`);
    };
    if (chain !== this.#facts.chain || epoch !== 0) bad('another chain or epoch');
    const hash = voteHash({ chain, epoch, height, view, phase: c.kind === 'commit' ? 'commit' : 'prepare', digest });
    let stake = 0;
    let at = 0;
    for (const [i, publicKey] of this.#facts.publicKeys.entries()) {
      if ((((c.signers[i >> 3] ?? 0) >> (i & 7)) & 1) === 0) continue;
      const signature = c.signatures[at++];
      if (signature === undefined || !this.#facts.verifier.verify(publicKey, hash, signature)) bad(`no valid signature of ${i}`);
      stake += this.#facts.stakes[i] ?? 0;
    }
    if (at !== c.signatures.length) bad('signatures left over');
    const needed = c.kind === 'fast' ? this.#facts.fast : this.#quorum.quorum;
    if (stake < needed) bad(`stake ${stake}, it needs ${needed}`);
    this.#valid.set(key, c);
  }
}

/** Of two certificates of one kind and place for one digest. */
function isSame(a: Certificate, b: Certificate): boolean {
  if (a.chain !== b.chain || a.epoch !== b.epoch || a.signatures.length !== b.signatures.length) return false;
  if (!equalBytes(a.signers, b.signers)) return false;
  for (const [i, signature] of a.signatures.entries()) {
    const other = b.signatures[i] as Uint8Array;
    if (signature !== other && !equalBytes(signature, other)) return false;
  }
  return true;
}
