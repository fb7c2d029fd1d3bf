/** What a faulty validator remembers of the open heights: proposals, votes and ViewChanges of everybody, its own included. */
import type { Proposal } from '@bursar/pbft';
import type { Certificate, Message, MessageOf, SignedVote } from '@bursar/protocol';

/** Messages kept for replay. */
const KEPT = 256;

export class Seen {
  readonly #proposals = new Map<string, Proposal>();
  readonly #viewChanges = new Map<string, MessageOf<'view-change'>>();
  /** height/view/digest → Prepares by validator. */
  readonly #prepares = new Map<string, Map<number, SignedVote>>();
  readonly #certificates = new Map<string, Certificate>();
  readonly recent: Message[] = [];

  add(message: Message): void {
    const { vote, validator } = message.vote;
    const { height, view, digest } = vote;
    this.recent.push(message);
    if (this.recent.length > KEPT) this.recent.shift();
    if (message.kind === 'pre-prepare') this.#proposals.set(digest, { block: message.block, certificate: message.certificate });
    if (message.kind === 'view-change') {
      this.#viewChanges.set(`${height}/${view}/${validator}/${digest}`, message);
      const { prepared } = message.content;
      if (prepared !== undefined) this.#certificates.set(`${prepared.height}/${prepared.view}`, prepared);
    }
    if (vote.phase === 'prepare') {
      const key = `${height}/${view}/${digest}`;
      const votes = this.#prepares.get(key) ?? new Map<number, SignedVote>();
      this.#prepares.set(key, votes.set(validator, message.vote));
    }
  }
  addProposal(digest: string, proposal: Proposal): void {
    this.#proposals.set(digest, proposal);
  }
  addCertificate(c: Certificate): void {
    this.#certificates.set(`${c.height}/${c.view}`, c);
  }
  proposal(digest: string): Proposal | undefined {
    return this.#proposals.get(digest);
  }
  /** Proposals of a height by digest. */
  proposals(height: number): [string, Proposal][] {
    return [...this.#proposals].filter(([, p]) => p.block.header.height === height);
  }
  viewChange(height: number, view: number, validator: number, digest: string): Message | undefined {
    return this.#viewChanges.get(`${height}/${view}/${validator}/${digest}`);
  }
  viewChanges(height: number, view: number): MessageOf<'view-change'>[] {
    return [...this.#viewChanges.values()].filter((m) => m.vote.vote.height === height && m.vote.vote.view === view);
  }
  /** Digests with the Prepares seen for them, of one view. */
  prepares(height: number, view: number): [string, ReadonlyMap<number, SignedVote>][] {
    const prefix = `${height}/${view}/`;
    return [...this.#prepares].filter(([key]) => key.startsWith(prefix)).map(([key, votes]) => [key.slice(prefix.length), votes]);
  }
  certificates(height: number): Certificate[] {
    return [...this.#certificates.values()].filter((c) => c.height === height);
  }
  forgetBelow(height: number): void {
    for (const [digest, p] of this.#proposals) if (p.block.header.height < height) this.#proposals.delete(digest);
    for (const map of [this.#viewChanges, this.#prepares, this.#certificates] as Map<string, unknown>[])
      for (const key of map.keys()) if (Number(key.slice(0, key.indexOf('/'))) < height) map.delete(key);
  }
}
