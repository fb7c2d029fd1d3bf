/**
 * Asks peers for what the engine lacks until it comes, one question of each kind at a time: a newer question replaces an
 * older one, as the engine only ever waits for things of its open height.
 */
import { isFinalKind } from '@bursar/membership';
import type { Proposal } from '@bursar/pbft';
import { batchRefsDigest, certificateDigest, headerDigest, ZERO_DIGEST } from '@bursar/protocol';
import type { Surroundings } from './cell.ts';
import type { FinalBlock, Want } from './envelope.ts';

const RETRY_MS = 150;
type Topic = 'block' | 'view-change' | 'bodies' | 'final';
interface Question {
  readonly want: Want;
  readonly ask: readonly number[];
  readonly number: number;
  tries: number;
}
/** A bound for every question: the engine asks again when it still needs the answer. */
const TRIES = 10;

export class Fetcher {
  readonly #around: Surroundings;
  readonly #open = new Map<string, Question>();
  readonly #alive: () => boolean;
  #number = 0;

  /** @param alive false once the process that asked is dead */
  constructor(around: Surroundings, alive: () => boolean) {
    this.#around = around;
    this.#alive = alive;
  }
  /** `detail` tells questions of one topic apart that may be open at once. */
  ask(want: Want, from: readonly number[], detail = ''): void {
    const question: Question = { want, ask: from, number: this.#number++, tries: 0 };
    this.#open.set(want.type + detail, question);
    this.#try(want.type + detail, question);
  }
  close(topic: Topic, detail = ''): void {
    this.#open.delete(topic + detail);
  }
  isOpen(topic: Topic, detail = ''): boolean {
    return this.#open.has(topic + detail);
  }
  get size(): number {
    return this.#open.size;
  }
  #try(key: string, question: Question): void {
    if (!this.#alive() || this.#open.get(key) !== question) return;
    if (question.tries++ >= TRIES) {
      this.#open.delete(key);
      return;
    }
    const { validators } = this.#around.genesis;
    const self = this.#around.params.self;
    // Those that claim to have it first; everybody once they did not answer.
    const others = Array.from({ length: validators }, (_, i) => i).filter((i) => i !== self);
    const wanted = question.tries % 3 === 0 || question.ask.length === 0 ? others : question.ask.filter((i) => i !== self);
    for (const to of wanted) this.#around.send(to, { kind: 'want', want: question.want });
    this.#around.after(RETRY_MS, () => this.#try(key, question));
  }
}

/** Whether a peer's answer is what its certificate says: a peer may lie. */
export function isGenuineFinal(around: Surroundings, { block, certificate }: FinalBlock): boolean {
  return (
    isFinalKind(certificate.kind) &&
    certificate.height === block.header.height &&
    certificate.digest === headerDigest(block.header) &&
    block.header.batches === batchRefsDigest(block.batches) &&
    around.checkCertificate(certificate)
  );
}
/** Whether a proposal is the one with this digest, with the certificate that its header names. */
export const isGenuineProposal = ({ block, certificate }: Proposal, digest: string): boolean =>
  headerDigest(block.header) === digest &&
  block.header.batches === batchRefsDigest(block.batches) &&
  block.header.certificate === (certificate === undefined ? ZERO_DIGEST : certificateDigest(certificate));
