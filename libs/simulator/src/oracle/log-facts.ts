/** What a record of a consensus log says, as far as the oracle cares. The same records stand in the logs of many validators. */
import { logRecord } from '@bursar/pbft';
import { type Certificate, type Digest, decode, headerDigest, type Phase } from '@bursar/protocol';

export interface Fact {
  /** What a message may rest on: `intent…`, `prepared…` or `proposal…`, as the functions below name it. */
  readonly name: string;
  readonly certificate?: Certificate;
  readonly block?: { readonly digest: Digest; readonly bodies: readonly Digest[] };
}

interface Place {
  readonly height: number;
  readonly view: number;
  readonly digest: Digest;
}
export const intentOf = (phase: Phase, { height, view, digest }: Place): string => `intent/${height}/${view}/${phase}/${digest}`;
export const preparedOf = ({ height, view, digest }: Place): string => `prepared/${height}/${view}/${digest}`;
/** Once for all views that propose it. */
export const proposalOf = (digest: Digest): string => `proposal/${digest}`;

/** First bytes of the records that a message may rest on: proposal, intent, PreparedCert. */
const CAUSES: ReadonlySet<number> = new Set([1, 2, 4]);
/** Records remembered: validators write the same ones within moments of each other. */
const KEPT = 512;

export class LogFacts {
  readonly #known = new Map<string, Fact>();

  /** The fact of a record; undefined when no message rests on it. Bytes that were read before are not read again. */
  of(bytes: Uint8Array): Fact | undefined {
    if (!CAUSES.has(bytes[0] ?? 0)) return undefined;
    const key = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const fact = read(bytes);
    if (fact === undefined) return undefined;
    if (this.#known.size >= KEPT) this.#known.delete(this.#known.keys().next().value as string);
    this.#known.set(key, fact);
    return fact;
  }
}

function read(bytes: Uint8Array): Fact | undefined {
  const record = decode(logRecord, bytes);
  switch (record.kind) {
    case 'intent':
      return { name: intentOf(record.vote.phase, record.vote) };
    case 'prepared':
      return { name: preparedOf(record.certificate), certificate: record.certificate };
    case 'proposal': {
      const digest = headerDigest(record.block.header);
      return { name: proposalOf(digest), block: { digest, bodies: record.block.batches.map((b) => b.digest) } };
    }
    default:
      return undefined;
  }
}
