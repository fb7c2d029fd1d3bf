/** What one validator has on disk, as the oracle sees it: the facts that must be there before a message leaves. */
import { logRecord } from '@bursar/pbft';
import { type Certificate, decode, headerDigest, type Message } from '@bursar/protocol';
import { Violation } from './violation.ts';

/** First bytes of the records that a message may rest on: proposal, intent, PreparedCert. */
const CAUSES: ReadonlySet<number> = new Set([1, 2, 4]);

export class DurableIndex {
  readonly #facts = new Set<string>();
  readonly #bodies = new Set<string>();
  readonly #blockBodies = new Map<string, readonly string[]>();
  readonly #onCertificate: (c: Certificate) => void;

  constructor(onCertificate: (c: Certificate) => void) {
    this.#onCertificate = onCertificate;
  }
  add(bytes: Uint8Array): void {
    if (!CAUSES.has(bytes[0] ?? 0)) return;
    const record = decode(logRecord, bytes);
    if (record.kind === 'intent') this.#facts.add(`intent/${place(record.vote)}/${record.vote.phase}/${record.vote.digest}`);
    else if (record.kind === 'prepared') {
      this.#facts.add(`prepared/${place(record.certificate)}/${record.certificate.digest}`);
      this.#onCertificate(record.certificate);
    } else if (record.kind === 'proposal') {
      const id = headerDigest(record.block.header);
      this.#facts.add(`proposal/${id}`); // once for all views that propose it
      this.#blockBodies.set(
        id,
        record.block.batches.map((b) => b.digest),
      );
    }
  }
  addBody(digest: string): void {
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
    need(this.#facts.has(`intent/${place(vote)}/${vote.phase}/${vote.digest}`), 'its intent');
    if (vote.phase === 'prepare') {
      need(this.#facts.has(`proposal/${vote.digest}`), 'the accepted proposal');
      for (const body of this.#blockBodies.get(vote.digest) ?? []) need(this.#bodies.has(body), 'a batch body');
    }
    if (vote.phase === 'commit') need(this.#facts.has(`prepared/${place(vote)}/${vote.digest}`), 'the prepared certificate');
  }
}

const place = (x: { readonly height: number; readonly view: number }): string => `${x.height}/${x.view}`;
