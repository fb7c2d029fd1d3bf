/** What one life of a validator has asked its peers for, and what it makes of their answers: they may lie. */
import type { Ports, Proposal, Start } from '@bursar/pbft';
import type { Block, Certificate, Message } from '@bursar/protocol';
import type { Surroundings } from './cell.ts';
import type { FinalBlock } from './envelope.ts';
import { Fetcher, isGenuineFinal, isGenuineProposal } from './fetcher.ts';

export interface Bodies {
  hasBody(digest: string): boolean;
  /** Nobody needs them any more. */
  isOver(): boolean;
  later(delay: number, run: () => void): void;
}

export class Asking {
  readonly fetcher: Fetcher;
  readonly #around: Surroundings;
  /** A view to be entered may need several ViewChanges at once: by validator. */
  readonly #viewChanges = new Map<number, (message: Message) => boolean>();
  #proposal: ((proposal: Proposal) => void) | undefined;
  #caughtUp: Parameters<Ports['catchUp']>[2] | undefined;

  constructor(around: Surroundings, alive: () => boolean) {
    this.#around = around;
    this.fetcher = new Fetcher(around, alive);
  }
  readonly fetchBlock: Ports['fetchBlock'] = (height, digest, from, done) => {
    this.#proposal = (proposal) => {
      if (!isGenuineProposal(proposal, digest)) return;
      this.#proposal = undefined;
      this.fetcher.close('block');
      done(proposal);
    };
    this.fetcher.ask({ type: 'block', height, digest }, from);
  };
  readonly fetchViewChange: Ports['fetchViewChange'] = ({ height, view, validator, digest, from }, done) => {
    const topic = String(validator);
    this.#viewChanges.set(validator, (message) => {
      const { vote } = message.vote;
      if (message.kind !== 'view-change' || vote.height !== height || vote.view !== view || vote.digest !== digest) return false;
      this.#viewChanges.delete(validator);
      this.fetcher.close('view-change', topic);
      done(message);
      return true;
    });
    this.fetcher.ask({ type: 'view-change', height, view, validator, digest }, from, topic);
  };
  readonly catchUp: Ports['catchUp'] = (height, from, done) => {
    this.#caughtUp = done;
    if (!this.fetcher.isOpen('final')) this.fetcher.ask({ type: 'final', height }, from);
  };
  /** Fetches the bodies that are missing, until they are here or the height is over. */
  obtain(block: Block, from: readonly number[], at: Bodies, done: () => void): void {
    const topic = block.header.batches;
    const missing = block.batches.filter((b) => !at.hasBody(b.digest)).map((b) => b.digest);
    if (missing.length === 0 || at.isOver()) this.fetcher.close('bodies', topic);
    if (at.isOver()) return;
    if (missing.length === 0) {
      done();
      return;
    }
    if (!this.fetcher.isOpen('bodies', topic)) this.fetcher.ask({ type: 'bodies', digests: missing }, from, topic);
    at.later(20, () => this.obtain(block, from, at, done));
  }
  onProposal(proposal: Proposal): void {
    this.#proposal?.(proposal);
  }
  /** Whether a (checked) message answers a question of ours. */
  onMessage(message: Message): boolean {
    return this.#viewChanges.get(message.vote.validator)?.(message) ?? false;
  }
  /** Those that storage takes: certified ones only. */
  onFinals(finals: readonly FinalBlock[]): readonly FinalBlock[] {
    this.fetcher.close('final');
    return finals.filter((final) => isGenuineFinal(this.#around, final));
  }
  caughtUp(certificates: readonly Certificate[], start: Start): void {
    this.#caughtUp?.(certificates, start);
  }
}
