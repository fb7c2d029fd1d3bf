/** What one validator has on disk, as the oracle sees it: the facts that must be there before a message leaves. */
import type { Certificate, Digest, Message } from '@bursar/protocol';
import { intentOf, type LogFacts, preparedOf, proposalOf } from './log-facts.ts';
import { Violation } from './violation.ts';

export class DurableIndex {
  readonly #log: LogFacts;
  readonly #facts = new Set<string>();
  readonly #bodies = new Set<Digest>();
  readonly #blockBodies = new Map<Digest, readonly Digest[]>();
  readonly #onCertificate: (c: Certificate) => void;

  constructor(log: LogFacts, onCertificate: (c: Certificate) => void) {
    this.#log = log;
    this.#onCertificate = onCertificate;
  }
  add(bytes: Uint8Array): void {
    const fact = this.#log.of(bytes);
    if (fact === undefined) return;
    const { name, certificate, block } = fact;
    this.#facts.add(name);
    if (certificate !== undefined) this.#onCertificate(certificate);
    if (block !== undefined) this.#blockBodies.set(block.digest, block.bodies);
  }
  addBody(digest: Digest): void {
    this.#bodies.add(digest);
  }
  /** The table of docs/protocol.md, "Durability", for a message that this validator signed. @throws Violation */
  check(message: Message, signed: boolean, who: number): void {
    const { vote } = message.vote;
    const need = (fact: boolean, what: string) => {
      if (!fact)
        throw new Violation(
          'durable before visible',
          `Validator ${who} sent ${message.kind} of height ${vote.height}, view ${vote.view}, before ${what} was on disk.`,
        );
    };
    need(signed, "the signer's row");
    need(this.#facts.has(intentOf(vote.phase, vote)), 'its intent');
    if (vote.phase === 'prepare') {
      need(this.#facts.has(proposalOf(vote.digest)), 'the accepted proposal');
      for (const body of this.#blockBodies.get(vote.digest) ?? []) need(this.#bodies.has(body), 'a batch body');
    }
    if (vote.phase === 'commit') need(this.#facts.has(preparedOf(vote)), 'the prepared certificate');
  }
}
